import type { DType } from '@tunesmith/tensor';
import type { MergeConfiguration } from './merge-configuration.js';
import { MergeError } from './merge-error.js';
import type { MergeMethod } from './merge-method.js';
import { findMergeMethod } from './methods.js';
import { simpleConfiguration } from './simple-configuration.js';

interface CommonOptions {
  /** Where the random numbers of random methods start; 0 unless given. */
  readonly seed?: number | undefined;
  /** Of weights in one file; 5 GB unless given. */
  readonly maxShardBytes?: number | undefined;
  /** Results that are larger are made in strips of about so many bytes, where their method can; 2 MB unless told otherwise. */
  readonly stripBytes?: number;
}

/** A whole configuration; `models` and `adapters` are the folders that its inputs point at. */
export interface ConfiguredMergeOptions extends CommonOptions {
  readonly configuration: MergeConfiguration;
  readonly models: readonly string[];
  readonly adapters?: readonly string[] | undefined;
}

/** The short form: a base with an adapter, or with further models; folders are Hugging Face model folders and a PEFT adapter folder. */
export interface SimpleMergeOptions extends CommonOptions {
  readonly base: string;
  readonly adapter?: string | undefined;
  readonly models: readonly string[];
  /** Absent: lora-fold. */
  readonly method?: string | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly dtype?: DType | undefined;
  readonly outDtype?: DType | undefined;
  readonly tokenizer?: 'union' | 'base' | undefined;
  readonly chatTemplate?: string | undefined;
}

export type MergeOptions = ConfiguredMergeOptions | SimpleMergeOptions;

export interface MergeRequest {
  readonly method: MergeMethod;
  readonly configuration: MergeConfiguration;
  readonly models: readonly string[];
  readonly adapters: readonly string[];
}

/** Both forms of a request as one. @throws MergeError `unknown-merge-method`, `wrong-merge-inputs`, `wrong-merge-parameter` */
export function mergeRequest(options: MergeOptions): MergeRequest {
  if ('configuration' in options) {
    const { configuration, models, adapters = [] } = options;
    return { method: findMergeMethod(configuration.method), configuration, models, adapters };
  }
  const { base, adapter, models, method: name = 'lora-fold', parameters, dtype, outDtype, tokenizer, chatTemplate } = options;
  const method = findMergeMethod(name);
  if ((method.takes.kind === 'adapter') !== (adapter !== undefined)) {
    const [expected, got] = adapter === undefined ? ['an adapter and no further model', `no adapter and ${models.length} further model(s)`] : ['no adapter', 'an adapter'];
    throw new MergeError('wrong-merge-inputs', `${method.name}: expected ${expected} besides the base; got ${got}.`, { method: method.name });
  }
  const configuration = simpleConfiguration(method, { models: models.length, parameters, dtype, outDtype, tokenizer, chatTemplate });
  const [first, ...others] = configuration.inputs;
  return {
    method, models: [base, ...models], adapters: adapter === undefined ? [] : [adapter],
    configuration: adapter === undefined ? configuration : { ...configuration, inputs: [{ ...first!, adapter: 0 }, ...others] },
  };
}
