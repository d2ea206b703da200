import type { EncodedRow } from '@tunesmith/datasets';
import { scope, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CalibratedMethod, PlainMethod, RoundedLayer } from '../../methods/rounding-method.js';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import type { SourceModel } from '../source-model.js';
import { CalibrationPass } from './calibration-pass.js';
import type { FormatContent } from './packed-format.js';
import type { LinearPlan } from './plan-linears.js';
import { readLinear } from './read-linear.js';

/** A layer, and where the method calibrates what comes out of it [tokens, hidden]: there until the next one is asked for. */
export interface WorkedLayer extends RoundedLayer {
  readonly hidden?: Tensor;
}

/** The layers of a model from `first` on, by a method that looks at weights alone; one weight is in memory at a time. */
export async function* plainLayers({ weights }: SourceModel, plan: LinearPlan, method: PlainMethod, first: number, { signal }: WorkContext): AsyncGenerator<WorkedLayer> {
  for (let layer = first; layer < layerCount(plan); layer += 1) {
    const matrices = new Map<string, RoundedMatrix>();
    for (const linear of plan.linears.filter((each) => each.layer === layer)) {
      await nextTurn();
      signal.throwIfAborted();
      using weight = await readLinear(weights, linear);
      matrices.set(linear.path, scope(() => method.round(weight, linear.grid, `${linear.path}.weight`)));
    }
    yield { matrices };
  }
}

/**
 * The same by a method that looks at what the layers compute of calibration rows; one layer is in memory at a time. `hidden`: what came out of the layer before the first; undefined where
 * that is the model's own.
 */
export async function* calibratedLayers(model: SourceModel, plan: LinearPlan, method: CalibratedMethod, { settings }: FormatContent, rows: readonly EncodedRow[], first: number, hidden: Tensor | undefined, { signal }: WorkContext): AsyncGenerator<WorkedLayer> {
  using pass = await CalibrationPass.open(model, plan, rows, hidden);
  for (let layer = first; layer < layerCount(plan); layer += 1) {
    await nextTurn();
    signal.throwIfAborted();
    const rounded = await pass.layer(layer, (work) => method.roundLayer(work, settings));
    yield { ...rounded, hidden: pass.hidden };
  }
}

export function layerCount({ linears }: LinearPlan): number {
  return 1 + Math.max(...linears.map(({ layer }) => layer));
}
