import { z } from 'zod';
import { defineStepKind } from './step-kind.js';

export const GateSpec = z.strictObject({
  require: z.string().min(1).describe('A condition over the metrics of the steps in `needs`, such as "qa.exact_match >= 0.8 with 95% confidence and forgetting.loss_increase <= 0.05". With confidence: its one-sided bound has to hold the comparison, of METRIC against against_METRIC by pairs.'),
});
export type GateSpec = z.infer<typeof GateSpec>;

export const gate = defineStepKind({
  name: 'gate',
  description: 'Fails the run unless the condition holds.',
  owner: 'registry',
  spec: GateSpec,
  references: {},
  outputs: {},
  cacheable: false,
});
