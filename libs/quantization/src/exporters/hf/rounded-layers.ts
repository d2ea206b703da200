import { scope, type WorkContext } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { methods } from '../../methods/methods.js';
import type { PlainMethod, RoundedLayer } from '../../methods/rounding-method.js';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import type { SourceModel } from '../source-model.js';
import type { FormatContent } from './packed-format.js';
import type { LinearPlan } from './plan-linears.js';
import { readLinear } from './read-linear.js';

/** The layers of a model, rounded one after another; only one of them is in memory. */
export async function* roundedLayers(model: SourceModel, plan: LinearPlan, content: FormatContent, phase: string, context: WorkContext): AsyncGenerator<RoundedLayer> {
  const method = methods.find(({ name }) => name === content.method)!;
  const layers = 1 + Math.max(...plan.linears.map(({ layer }) => layer));
  const rounded = plainLayers(model, plan, method, layers, context);
  let done = 0;
  for await (const layer of rounded) {
    done += 1;
    context.onProgress({ phase, done, total: layers, unit: 'layers' });
    yield layer;
  }
}

async function* plainLayers({ weights }: SourceModel, { linears }: LinearPlan, method: PlainMethod, layers: number, { signal }: WorkContext): AsyncGenerator<RoundedLayer> {
  for (let layer = 0; layer < layers; layer += 1) {
    const matrices = new Map<string, RoundedMatrix>();
    for (const linear of linears.filter((each) => each.layer === layer)) {
      await nextTurn();
      signal.throwIfAborted();
      using weight = await readLinear(weights, linear);
      matrices.set(linear.path, scope(() => method.round(weight, linear.grid, `${linear.path}.weight`)));
    }
    yield { matrices };
  }
}
