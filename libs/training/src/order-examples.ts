import type { WorkContext } from '@tunesmith/tensor';
import type { DataOrder } from './data-order.js';
import { domainOrder } from './domains/domain-order.js';
import type { Example, Objective } from './objective.js';
import { planPasses } from './plan-passes.js';
import type { TrainingMaterial } from './training-material.js';

export interface OrderedExamples {
  readonly training: readonly Example[];
  /** Empty where nothing is evaluated. */
  readonly heldOut: readonly Example[];
}

/** The order that the options ask for: pass by pass over all rows, or rounds of domains by weight. */
export async function orderExamples(examples: OrderedExamples, material: TrainingMaterial, objective: Objective, context: WorkContext): Promise<DataOrder> {
  const { domains } = material;
  if (domains) return domainOrder(examples, { ...material, domains }, objective, context);
  const passes = planPasses(examples.training, material);
  return { ...passes, evaluatesFirst: false, of: (step) => passes.of(step), evaluate: async (lossOf) => ({ loss: await lossOf(examples.heldOut) }) };
}
