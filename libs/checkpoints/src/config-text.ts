import { jsonText } from './json-file.js';

/** Keys of the configurations served here that transformers declares as float, and not as float or int, where a whole number may stand. */
const floatKeys = ['initializer_factor', 'initializer_range', 'final_logit_softcapping', 'attn_logit_softcapping', 'router_aux_loss_coef', 'router_jitter_noise'];

const wholeNumber = new RegExp(`^(\\s*"(?:${floatKeys.join('|')})": -?\\d+)(,?)$`, 'gm');

/**
 * A config.json as transformers reads it. JavaScript has one kind of number and writes 30.0 as 30, which transformers 5 refuses where it
 * declares a float.
 */
export function configText(config: Readonly<Record<string, unknown>>): string {
  return jsonText(config).replace(wholeNumber, '$1.0$2');
}
