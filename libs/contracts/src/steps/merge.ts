import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { MergeConfiguration, MergeDtype } from '../merge/merge-configuration.js';
import { MergeMethod } from '../merge/merge-method.js';
import { defineStepKind } from './step-kind.js';

export const MergeSpec = z
  .strictObject({
    base: ArtifactRef.optional().describe('What an adapter is folded into, or what further models are merged with.'),
    adapter: ArtifactRef.optional().describe('Folds this LoRA adapter into the base.'),
    models: z.array(ArtifactRef).default([]).describe('Further models, for methods that merge whole models; with a configuration, every model it names.'),
    adapters: z.array(ArtifactRef).default([]).describe('The adapters that a configuration folds into its models.'),
    method: MergeMethod.optional().describe('The name of a merge method, such as linear or slerp; lora-fold where an adapter is given.'),
    parameters: z.record(z.string(), z.json()).default({}).describe('Checked by the method. A parameter that models have each: one value for all, or a list with one for each.'),
    dtype: MergeDtype.optional().describe('What weights are turned into before they are merged.'),
    outDtype: MergeDtype.optional().describe('What they are stored in.'),
    tokenizer: z.enum(['union', 'base']).optional().describe('The vocabulary of the result, where the models have different ones.'),
    chatTemplate: z.string().min(1).optional().describe('auto, the name of a built-in template, or the template itself.'),
    configuration: MergeConfiguration.optional().describe('A whole mergekit configuration, in place of the keys above.'),
    seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe('Where the random numbers of random methods start.'),
    maxShardBytes: z.int().min(1).default(5_000_000_000),
    dataset: ArtifactRef.optional().describe('Rows for the perplexity of the result beside its parents.'),
    perplexity: z.boolean().default(true).describe('Whether the result and its parents are compared by perplexity; on a small built-in text without a dataset.'),
  })
  .refine(({ base, configuration }) => (base === undefined) !== (configuration === undefined), { path: ['base'], error: 'expected a base, or a configuration that names every model' })
  .refine(({ configuration, adapter, method, dtype, outDtype, tokenizer, chatTemplate, parameters }) => configuration === undefined || ([adapter, method, dtype, outDtype, tokenizer, chatTemplate].every((value) => value === undefined) && Object.keys(parameters).length === 0), {
    path: ['configuration'], error: 'expected the method, its parameters and everything else inside the configuration; got some of it beside it',
  });
export type MergeSpec = z.infer<typeof MergeSpec>;

export const merge = defineStepKind({
  name: 'merge',
  description: 'Makes one model of a base and an adapter, or of several models.',
  owner: 'merger',
  spec: MergeSpec,
  references: { base: 'model', adapter: 'adapter', models: 'model', adapters: 'adapter', dataset: 'dataset' },
  outputs: { model: 'model' },
  events: defineJobEvents('merge', 'merger', MergeSpec, 'Completed means that the weights are stored, finite, and of the shapes that the config asks for, and that its tokenizer fits them; its perplexity beside its parents\' stands in the metrics.'),
  cacheable: true,
  revision: 1,
});
