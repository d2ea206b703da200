import type { EncodedRow } from '@tunesmith/datasets';
import { scope, type WorkContext } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CalibratedMethod, PlainMethod, RoundedLayer } from '../../methods/rounding-method.js';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import type { SourceModel } from '../source-model.js';
import { CalibrationPass } from './calibration-pass.js';
import type { FormatContent } from './packed-format.js';
import type { LinearPlan } from './plan-linears.js';
import { readLinear } from './read-linear.js';

/** The layers of a model by a method that looks at weights alone; one weight is in memory at a time. */
export async function* plainLayers({ weights }: SourceModel, plan: LinearPlan, method: PlainMethod, { signal }: WorkContext): AsyncGenerator<RoundedLayer> {
  for (let layer = 0; layer < layerCount(plan); layer += 1) {
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

/** The same by a method that looks at what the layers compute of calibration rows; one layer is in memory at a time. */
export async function* calibratedLayers(model: SourceModel, plan: LinearPlan, method: CalibratedMethod, { settings }: FormatContent, rows: readonly EncodedRow[], { signal }: WorkContext): AsyncGenerator<RoundedLayer> {
  using pass = await CalibrationPass.open(model, plan, rows);
  for (let layer = 0; layer < layerCount(plan); layer += 1) {
    await nextTurn();
    signal.throwIfAborted();
    yield await pass.layer(layer, (work) => method.roundLayer(work, settings));
  }
}

export function layerCount({ linears }: LinearPlan): number {
  return 1 + Math.max(...linears.map(({ layer }) => layer));
}
