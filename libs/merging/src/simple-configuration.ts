import type { DType } from '@tunesmith/tensor';
import type { MergeConfiguration, MergeSettings, MergeSetting } from './merge-configuration.js';
import { MergeError } from './merge-error.js';
import type { MergeMethod } from './merge-method.js';

/** Our own short form: a base with an adapter, or with further models, and one method for all of it. */
export interface SimpleMerge {
  /** How many models there are besides the base. */
  readonly models: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly dtype?: DType | undefined;
  readonly outDtype?: DType | undefined;
  readonly tokenizer?: 'union' | 'base' | undefined;
  readonly chatTemplate?: string | undefined;
  /** Of the base and the models, for messages and the card. */
  readonly names?: readonly string[] | undefined;
}

/**
 * The short form as a configuration: the base is input 0, the models follow. A list under a parameter that models have each is one value for each (the
 * base first, where it is one of them), not a gradient.
 *
 * @throws MergeError `wrong-merge-parameter` where such a list has another length
 */
export function simpleConfiguration(method: MergeMethod, { models, parameters, names, tokenizer, ...rest }: SimpleMerge): MergeConfiguration {
  const inputs = Array.from({ length: models + 1 }, (_, place) => ({ model: place, name: names?.[place] ?? (place === 0 ? 'base' : `model ${place}`) }));
  const apart = method.takes.kind === 'adapter' || method.takes.base !== 'member';
  const merged = apart ? inputs.slice(1) : inputs;
  const own: Record<string, MergeSetting>[] = merged.map(() => ({}));
  const shared: Record<string, MergeSetting> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const definition = Object.entries(method.parameters).find(([known, { alias }]) => known === name || alias === name)?.[1];
    if (definition?.per !== 'model' || !Array.isArray(value)) {
      shared[name] = value as MergeSetting;
      continue;
    }
    if (value.length !== merged.length) {
      throw new MergeError('wrong-merge-parameter', `${method.name}.${name}: expected a value for all ${merged.length} models, or a list with one for each${apart ? '' : ', the base first'}; got ${value.length}. ${definition.description}`, { method: method.name, parameter: name, models: merged.length });
    }
    value.forEach((each: MergeSetting, place) => (own[place]![name] = each));
  }
  return {
    inputs, method: method.name, base: 0, parameters: shared, ...rest,
    models: merged.length === 0 ? [{ input: 0, parameters: {} }] : merged.map(({ model }, place) => ({ input: model, parameters: own[place] as MergeSettings })),
    tokenizer: tokenizer === undefined ? undefined : { source: tokenizer, tokens: {} },
  };
}
