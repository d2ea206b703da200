import type { Objective } from './objective.js';
import { sft } from './objectives/sft.js';
import type { TrainingMaterial } from './training-material.js';
import { TrainingError } from './training-error.js';

/** Every objective, by the `kind` of its options. A new one is a file in objectives/, its spec, and one line here. */
const objectives: Readonly<Record<string, (material: TrainingMaterial) => Objective>> = { sft };

export function objectiveFor(material: TrainingMaterial): Objective {
  const make = objectives[material.objective.kind];
  if (make) return make(material);
  throw new TrainingError('unknown-objective', `train: expected one of the objectives ${Object.keys(objectives).join(', ')}; got ${material.objective.kind}.`, { kind: material.objective.kind });
}
