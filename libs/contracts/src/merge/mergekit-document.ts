import { z } from 'zod';
import { knownObject } from './known-object.js';
import { MergeDtype, MergeSettings } from './merge-configuration.js';
import { MergeMethod } from './merge-method.js';
import { shown } from './shown.js';

const inParameters = 'it belongs under parameters';
const revision = 'revisions of the hub are not looked up. Fetch that one, and name its folder';
const ModelPath = z.union([z.string().min(1), knownObject({ path: z.string().min(1) }, { revision })], { error: ({ input }) => `expected the name or path of a model; got ${shown(input)}` });
const ModelReference = z.union([z.string().min(1), knownObject({ model: ModelPath, lora: ModelPath.nullish() }, { revision, override_architecture: 'the family is what config.json says' })], { error: ({ input }) => `expected a model: a name, a path, MODEL+ADAPTER, or { model, lora }; got ${shown(input)}` });
export type ModelReference = z.infer<typeof ModelReference>;

const dtype = z.preprocess((value) => (typeof value === 'string' ? value.replace(/^torch\./, '') : value), MergeDtype);
const parameters = MergeSettings.nullish();
/** Keys that published documents have beside the model, where nobody reads them. */
const besideModel = { revision, ...Object.fromEntries(['weight', 'density', 'scale', 'epsilon', 'gamma'].map((key) => [key, inParameters])) };
const layerRange = z.tuple([z.int().min(0), z.int().min(0)], { error: ({ input }) => `expected [first, end]: two whole numbers; got ${shown(input)}` });
const slices = z.array(knownObject({ sources: z.array(knownObject({ model: ModelReference, layer_range: layerRange, parameters }, besideModel)).min(1), base_model: ModelReference.nullish(), parameters })).min(1);
const models = z.array(knownObject({ model: ModelReference, parameters }, besideModel)).min(1);

const tokenSource = z.union([z.string().min(1), knownObject({ kind: z.enum(['zero', 'model_token']), model: ModelReference.optional(), token: z.string().optional(), token_id: z.int().min(0).optional() }), knownObject({ model: ModelPath, lora: ModelPath.nullish() })], {
  error: 'expected a model, { kind: zero }, or { kind: model_token, model, token or token_id }',
});
const tokenizer = knownObject({
  source: ModelReference.default('union'),
  tokens: z.record(z.string(), knownObject({ source: tokenSource.nullish(), force: z.boolean().default(false) })).nullish(),
  pad_to_multiple_of: z.int().min(1).nullish(),
});

/** Keys that stand in documents of mergekit's other commands, or in published ones that mergekit reads over. */
const mixture = 'a mixture of experts (mergekit-moe) is not made here, only one model of the size of its parents';
const byOption = (option: string): string => `give it as ${option} on the command line`;
const elsewhere: Readonly<Record<string, string>> = {
  gate_mode: mixture, experts: mixture, experts_per_token: mixture, shared_experts: mixture,
  random_seed: byOption('--seed'), seed: byOption('--seed'), name: 'remove it; --out and the registry give the result its name', out_path: byOption('--out'), out_shard_size: byOption('--max-shard-bytes'),
  ...Object.fromEntries(['allow_crimes', 'copy_tokenizer', 'cuda', 'lazy_unpickle', 'low_cpu_memory', 'trust_remote_code', 'write_model_card'].map((key) => [key, 'remove it; it is an option of mergekit\'s programs, which merges here do without'])),
  ...Object.fromEntries(['t', 'weight', 'density', 'normalize', 'int8_mask', 'lambda'].map((key) => [key, inParameters])),
};

/** A configuration of mergekit 0.1.5 (its config.py and tokenizer/config.py define it); unlike there, keys that nobody knows are refused. */
export const MergekitDocument = knownObject({
  merge_method: MergeMethod,
  models: models.nullish(),
  slices: slices.nullish(),
  modules: z.record(z.string(), knownObject({ models: models.nullish(), slices: slices.nullish(), parameters })).nullish(),
  base_model: ModelReference.nullish(),
  parameters,
  dtype: dtype.nullish(),
  out_dtype: dtype.nullish(),
  tokenizer_source: ModelReference.nullish(),
  tokenizer: tokenizer.nullish(),
  chat_template: z.string().min(1).nullish(),
}, elsewhere);
export type MergekitDocument = z.infer<typeof MergekitDocument>;
