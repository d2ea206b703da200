import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ModelConfigError } from './model-config-error.js';

/** Keys that transformers writes into the configuration of any model, with one reason for all of them. */
const alike = (reason: string, keys: readonly string[]): Readonly<Record<string, string>> => Object.fromEntries(keys.map((key) => [key, reason]));

/** Published keys that change nothing in the mathematics of a forward pass, with the reason. Everything else must be in a family's schema. */
export const ignoredEverywhere: Readonly<Record<string, string>> = {
  architectures: 'chooses the family',
  model_type: 'chooses the family',
  torch_dtype: 'how the file stores numbers; loadModel is told what to compute in',
  dtype: 'the newer name of torch_dtype',
  transformers_version: 'bookkeeping',
  quantization_config: 'null here: anything else is refused before',
  quantization: 'null here: anything else is refused before',
  _name_or_path: 'bookkeeping',
  _model_name_or_path: 'bookkeeping',
  auto_map: 'code that the repository brings along, which is never run',
  custom_pipelines: 'code that the repository brings along, which is never run',
  author: 'bookkeeping',
  license: 'bookkeeping',
  created_date: 'bookkeeping',
  unsloth_fixed: 'bookkeeping',
  unsloth_version: 'bookkeeping',
  'transformers.js_config': 'settings of another runtime',
  use_cache: 'our callers decide',
  cache_implementation: 'how another runtime stores its cache',
  return_dict: 'shape of another library\'s answers',
  output_hidden_states: 'shape of another library\'s answers',
  output_attentions: 'shape of another library\'s answers',
  chunk_size_feed_forward: 'memory saving without effect on results',
  attn_implementation: 'which kernel another library picks',
  _attn_implementation: 'which kernel another library picks',
  _flash_attn_2_enabled: 'which kernel another library picks',
  _attn_implementation_autoset: 'which kernel another library picks',
  initializer_range: 'only for weights that are drawn anew',
  bos_token_id: 'the tokenizer\'s business',
  eos_token_id: 'the tokenizer\'s and the generation settings\' business',
  unk_token_id: 'the tokenizer\'s business',
  sep_token_id: 'the tokenizer\'s business',
  pretraining_tp: 'splits a product without changing its result',
  tokenizer_class: 'the tokenizer\'s business',
  output_past: 'an older name of use_cache',
  gradient_checkpointing: 'memory saving without effect on results',
  torchscript: 'how another library compiles',
  task_specific_params: 'advice on prompts and searches',
  ...alike('of a head that classifies, which a language model does not have', ['id2label', 'label2id', 'num_labels', '_num_labels', 'problem_type', 'finetuning_task']),
  ...alike('how another library generates where nobody says; who generates here says it', [
    'max_length', 'min_length', 'do_sample', 'early_stopping', 'num_beams', 'num_beam_groups', 'diversity_penalty', 'temperature', 'top_k', 'top_p', 'typical_p', 'repetition_penalty',
    'length_penalty', 'no_repeat_ngram_size', 'encoder_no_repeat_ngram_size', 'bad_words_ids', 'num_return_sequences', 'output_scores', 'return_dict_in_generate', 'forced_bos_token_id',
    'forced_eos_token_id', 'remove_invalid_values', 'exponential_decay_length_penalty', 'suppress_tokens', 'begin_suppress_tokens',
  ]),
};

/**
 * What transformers 4 wrote of every model where it wrote all it knows: switches that are off. On, they are features, and so unknown keys of a family
 * that does not have them.
 */
const switchedOff: Readonly<Record<string, unknown>> = {
  use_bfloat16: false,
  tf_legacy_loss: false,
  is_encoder_decoder: false,
  is_decoder: false,
  add_cross_attention: false,
  tie_encoder_decoder: false,
  cross_attention_hidden_size: null,
  decoder_start_token_id: null,
  prefix: null,
  pruned_heads: {},
};

/** The token whose row of the embedding learns nothing by being read (`padding_idx` of PyTorch), where a family has such. */
export const paddingToken = z.int().nullable();

/** Why other families pass it over. */
export const noPadding = { pad_token_id: 'there is no padding here' } as const;

/** A zero that published configurations carry; anything else would be a feature that is not there. */
export const noAttentionDropout = z.literal(0).optional();

/**
 * Checks `json` against a family's strict schema after dropping the ignored keys. Every problem is in the one error.
 * `schema` must be a `z.strictObject` (transforms allowed), so that a key nobody thought of is refused rather than dropped.
 */
export function parseConfig<Output>(family: string, schema: z.ZodType<Output>, ignored: Readonly<Record<string, string>>, json: unknown): Output {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ModelConfigError({ message: `config.json of a ${family} model: expected an object, got ${Array.isArray(json) ? 'an array' : String(json)}.`, facts: { family } });
  }
  const packing = 'quantization_config' in json ? json.quantization_config : 'quantization' in json ? json.quantization : null;
  if (packing !== null) {
    const method = typeof packing === 'object' && 'quant_method' in packing! ? ` (${String(packing.quant_method)})` : 'quantization_config' in json ? '' : ' (MLX)';
    throw new ModelConfigError({
      message: `config.json of a ${family} model has a quantization_config${method}: its weights are packed by another library. Import the unquantized model, or a GGUF file of it.`,
      facts: { family },
    });
  }
  const relevant = Object.entries(json).filter(([key]) => !Object.hasOwn(ignoredEverywhere, key) && !Object.hasOwn(ignored, key));
  const first = schema.safeParse(Object.fromEntries(relevant));
  if (first.success) return first.data;
  // Once more without switches that are off, where the family has no such switch.
  const unknown = new Set(first.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [])));
  const isOff = ([key, value]: [string, unknown]) => unknown.has(key) && Object.hasOwn(switchedOff, key) && isDeepStrictEqual(switchedOff[key], value);
  const result = relevant.some(isOff) ? schema.safeParse(Object.fromEntries(relevant.filter((entry) => !isOff(entry)))) : first;
  if (result.success) return result.data;
  const problems = result.error.issues.map(describeIssue);
  throw new ModelConfigError({
    message:
      `config.json of a ${family} model cannot be served faithfully: ${problems.join('; ')}. ` +
      'Correct the file, or, where a key has no effect on the forward pass, add it with the reason to the ignored keys of the family.',
    facts: { family, problems },
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return `unknown ${issue.keys.length > 1 ? 'keys' : 'key'} ${issue.keys.map((key) => [...issue.path, key].join('.')).join(', ')}`;
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
