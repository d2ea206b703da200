import { z } from 'zod';
import { knownObject } from './known-object.js';
import { MergeDtype, MergeSettings } from './merge-configuration.js';
import { MergeMethod } from './merge-method.js';

const ModelPath = z.union([z.string().min(1), knownObject({ path: z.string().min(1) })], { error: 'expected the name or path of a model; revisions are not looked up: import the revision and name it' });
const ModelReference = z.union([z.string().min(1), knownObject({ model: ModelPath, lora: ModelPath.nullish() })], { error: 'expected a model: a name, a path, MODEL+ADAPTER, or { model, lora }' });
export type ModelReference = z.infer<typeof ModelReference>;

const dtype = z.preprocess((value) => (typeof value === 'string' ? value.replace(/^torch\./, '') : value), MergeDtype);
const parameters = MergeSettings.nullish();
const layerRange = z.tuple([z.int().min(0), z.int().min(0)], { error: 'expected [first, end]: two whole numbers' });
const slices = z.array(knownObject({ sources: z.array(knownObject({ model: ModelReference, layer_range: layerRange, parameters })).min(1), base_model: ModelReference.nullish(), parameters })).min(1);
const models = z.array(knownObject({ model: ModelReference, parameters })).min(1);

const tokenSource = z.union([z.string().min(1), knownObject({ kind: z.enum(['zero', 'model_token']), model: ModelReference.optional(), token: z.string().optional(), token_id: z.int().min(0).optional() }), knownObject({ model: ModelPath, lora: ModelPath.nullish() })], {
  error: 'expected a model, { kind: zero }, or { kind: model_token, model, token or token_id }',
});
const tokenizer = knownObject({
  source: ModelReference.default('union'),
  tokens: z.record(z.string(), knownObject({ source: tokenSource.nullish(), force: z.boolean().default(false) })).nullish(),
  pad_to_multiple_of: z.int().min(1).nullish(),
});

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
});
export type MergekitDocument = z.infer<typeof MergekitDocument>;
