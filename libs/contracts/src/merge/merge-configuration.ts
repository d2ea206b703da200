import { z } from 'zod';
import { knownObject } from './known-object.js';
import { MergeMethod } from './merge-method.js';
import { shown } from './shown.js';

const Value = z.union([z.number(), z.boolean(), z.string()]);
const ValueOrGradient = z.union([Value, z.array(Value).min(1)]);
export type MergeValue = z.infer<typeof ValueOrGradient>;
const Conditional = knownObject({ value: ValueOrGradient, filter: z.string().min(1).nullish().describe('A part of a tensor name; absent or "*": every tensor.') });

/** A value, a gradient over the layers (a list of values), or values by tensor name of which the first that fits counts. */
export const MergeSetting = z.union([ValueOrGradient, Conditional, z.array(Conditional).min(1)], { error: ({ input }) => `expected a value, a list of values (a gradient over the layers), or a list of { filter, value }; got ${shown(input)}` });
export type MergeSetting = z.infer<typeof MergeSetting>;
export const MergeSettings = z.record(z.string().min(1), MergeSetting);

export const MergeDtype = z.enum(['float16', 'bfloat16', 'float32', 'float64']);
const place = z.int().min(0);

/** Where the embedding of a token comes from: an input's own, an input's other token, or zeros. */
export const TokenSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('input'), input: place }),
  z.strictObject({ kind: z.literal('token'), input: place, token: z.string().optional(), tokenId: place.optional() }),
  z.strictObject({ kind: z.literal('zero') }),
]);

export const MergeTokenizer = z.strictObject({
  source: z.union([z.literal('union'), z.literal('base'), place]).describe('The vocabulary of the result: all tokens of all inputs, those of the base, or those of one input.'),
  tokens: z.record(z.string(), z.strictObject({ source: TokenSource.optional(), force: z.boolean().default(false) })).default({}),
  padToMultipleOf: z.int().min(1).optional(),
});

const LayerSource = z.strictObject({ input: place, layerRange: z.tuple([place, place]).describe('From the first up to, and without, the second.'), parameters: MergeSettings.default({}) });
const OutputSlice = z.strictObject({ sources: z.array(LayerSource).min(1), base: place.optional(), parameters: MergeSettings.default({}) });

/**
 * What a merge is to do, without the bytes: inputs stand for models (and adapters folded into them) by their place in the step's lists, everything else names inputs by theirs. As
 * a mergekit document says it, see `readMergeConfiguration`.
 */
export const MergeConfiguration = z.strictObject({
  inputs: z.array(z.strictObject({ model: place, adapter: place.optional(), name: z.string().min(1).describe('As the request wrote it, for messages and the model card.') })).min(1),
  method: MergeMethod,
  base: place.optional(),
  models: z.array(z.strictObject({ input: place, parameters: MergeSettings.default({}) })).min(1).optional(),
  slices: z.array(OutputSlice).min(1).optional(),
  parameters: MergeSettings.default({}),
  dtype: MergeDtype.optional().describe('What weights are turned into before they are merged.'),
  outDtype: MergeDtype.optional().describe('What they are stored in.'),
  tokenizer: MergeTokenizer.optional(),
  chatTemplate: z.string().min(1).optional().describe('auto, the name of a built-in one, or the template itself.'),
});
export type MergeConfiguration = z.infer<typeof MergeConfiguration>;
