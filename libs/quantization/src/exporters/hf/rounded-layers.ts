import type { EncodedRow } from '@tunesmith/datasets';
import { scope, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CalibratedMethod, LayerWork, PlainMethod, RoundedLayer } from '../../methods/rounding-method.js';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import type { SourceModel } from '../source-model.js';
import { CalibrationPass } from './calibration-pass.js';
import type { FormatContent } from './packed-format.js';
import type { LayerPlan, LinearPlan } from './plan-linears.js';
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

/** The same by a method that looks at what the layers compute of calibration rows. */
export async function* calibratedLayers(model: SourceModel, plan: LinearPlan, method: CalibratedMethod, { settings }: FormatContent, rows: readonly EncodedRow[], first: number, hidden: Tensor | undefined, context: WorkContext): AsyncGenerator<WorkedLayer> {
  for await (const { result, hidden: next } of readLayers(model, plan, rows, first, hidden, (work) => method.roundLayer(work, settings), context)) yield { ...result, hidden: next };
}

/**
 * Has `work` done on the layers of a model from `first` on while they read calibration rows; one layer is in memory at a time. `hidden`: what came out of the layer before the first; undefined
 * where that is the model's own.
 */
export async function* readLayers<Grid, Result>(model: SourceModel, plan: LayerPlan<Grid>, rows: readonly EncodedRow[], first: number, hidden: Tensor | undefined, work: (layer: LayerWork<Grid>) => Result, { signal }: WorkContext): AsyncGenerator<{ result: Result; hidden: Tensor }> {
  using pass = await CalibrationPass.open(model, plan, rows, hidden);
  for (let layer = first; layer < layerCount(plan); layer += 1) {
    await nextTurn();
    signal.throwIfAborted();
    const result = await pass.layer(layer, work);
    yield { result, hidden: pass.hidden };
  }
}

export function layerCount({ linears }: LayerPlan<unknown>): number {
  return 1 + Math.max(...linears.map(({ layer }) => layer));
}
