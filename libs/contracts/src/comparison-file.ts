import { z } from 'zod';
import { EvaluationTask } from './steps/evaluate.js';

const settings = z.record(z.string(), z.json());

/** What `tunesmith compare` reads: ways to tune, and what all of them share. It becomes the steps of one run. */
export const ComparisonFile = z.strictObject({
  title: z.string().min(1).default('Tuning methods'),
  model: z.string().min(1),
  dataset: z.string().min(1),
  replay: settings.optional().describe('The model answers the rows that leave their answer to it first: settings of self-replay, such as placeholders.'),
  methods: z
    .array(z.string().min(1))
    .min(1)
    .or(z.record(z.string().min(1), settings.nullable()).refine((methods) => Object.keys(methods).length > 0, 'expected at least one method'))
    .describe('Names, or names with what is special about each: settings of the method and of its training; `method` where the name is not that of one.'),
  settings: settings.default({}).describe('Of every training; `lr` is short for learningRate.'),
  seeds: z
    .array(z.int().min(0).max(2 ** 32 - 1))
    .min(1)
    .refine((seeds) => new Set(seeds).size === seeds.length, 'expected seeds that differ')
    .optional()
    .describe('Each method is tuned once for each.'),
  tasks: z.array(z.string().min(1).or(EvaluationTask)).min(1).describe('Names of tasks, YAML files, or tasks over the held-out rows of the dataset.'),
  data: z.string().min(1).optional().describe('A folder with the documents of tasks that are published elsewhere.'),
  include: z.string().min(1).optional().describe('A folder of YAML files whose tasks can be named.'),
  evaluation: settings.default({}).describe('Of every evaluation, such as limit.'),
  metrics: z.array(z.string().min(1)).min(1).optional().describe('TASK.METRIC names to show, in this order; absent: all.'),
  baseline: z.string().min(1).optional().describe('The row that the others are held against: a method, or `untuned`.'),
});
export type ComparisonFile = z.infer<typeof ComparisonFile>;
