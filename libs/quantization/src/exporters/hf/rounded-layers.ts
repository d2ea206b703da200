import type { EncodedRow } from '@tunesmith/datasets';
import { scope, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CalibratedMethod, LayerWork, PlainMethod, RoundedLayer } from '../../methods/rounding-method.js';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import type { SourceModel } from '../source-model.js';
import { CalibrationPass } from './calibration-pass.js';
import { ExactPass } from './exact-pass.js';
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
export async function* calibratedLayers(model: SourceModel, plan: LinearPlan, method: CalibratedMethod, { settings }: FormatContent, reading: Reading, context: WorkContext): AsyncGenerator<WorkedLayer> {
  for await (const { result, hidden } of readLayers(model, plan, reading, (work) => method.roundLayer(work, settings), context)) yield { ...result, hidden };
}

/** Of calibration rows. */
export interface Reading {
  readonly rows: readonly EncodedRow[];
  /** The layer that is worked on first. */
  readonly first: number;
  /** What came out of the layer before it; undefined: the first is the model's own. */
  readonly hidden: Tensor | undefined;
  /** Whether the model as it is reads them too, so that layers can make up for what those before them have lost. */
  readonly beside: boolean;
}

/** Has `work` done on the layers of a model while they read calibration rows; one layer is in memory at a time. */
export async function* readLayers<Grid, Result>(model: SourceModel, plan: LayerPlan<Grid>, { rows, first, hidden, beside }: Reading, work: (layer: LayerWork<Grid>) => Result, { signal }: WorkContext): AsyncGenerator<{ result: Result; hidden: Tensor }> {
  using pass = await CalibrationPass.open(model, plan, rows, hidden);
  using exactPass = beside ? await (first === 0 ? ExactPass.beside(pass) : ExactPass.open(model, plan, rows, first, signal)) : undefined;
  for (let layer = first; layer < layerCount(plan); layer += 1) {
    await nextTurn();
    signal.throwIfAborted();
    using exact = await exactPass?.layer(layer, pass.hidden);
    const result = await pass.layer(layer, (given) => work({ ...given, exact }));
    yield { result, hidden: pass.hidden };
  }
}

export function layerCount({ linears }: LayerPlan<unknown>): number {
  return 1 + Math.max(...linears.map(({ layer }) => layer));
}
