import type { Objective } from './objective.js';
import { distill } from './objectives/distill.js';
import { dpo } from './objectives/dpo.js';
import { pretrain } from './objectives/pretrain.js';
import { sft } from './objectives/sft.js';
import type { ObjectiveOptions } from './train-options.js';
import type { TrainingMaterial } from './training-material.js';
import { TrainingError } from './training-error.js';

/** Every objective, by the `kind` of its options. A new one is a file in objectives/, its spec, and one line here. */
const objectives: { readonly [Kind in ObjectiveOptions['kind']]: (material: TrainingMaterial, options: Extract<ObjectiveOptions, { kind: Kind }>) => Objective } = { sft, pretrain, dpo, distill };

/** @throws TrainingError `unknown-objective`, and what the objective needs and does not find. */
export function objectiveFor(material: TrainingMaterial): Objective {
  const make = objectives[material.objective.kind] as ((material: TrainingMaterial, options: ObjectiveOptions) => Objective) | undefined;
  if (make) return make(material, material.objective);
  throw new TrainingError('unknown-objective', `train: expected one of the objectives ${Object.keys(objectives).join(', ')}; got ${material.objective.kind}.`, { kind: material.objective.kind });
}
