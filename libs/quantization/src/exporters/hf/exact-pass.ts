import type { EncodedRow } from '@tunesmith/datasets';
import { keep, noGrad, ops, scope, type Tensor } from '@tunesmith/tensor';
import { ExactLayer } from '../../methods/exact-layer.js';
import type { LayerVector } from '../../methods/rounding-method.js';
import { CalibrationPass } from './calibration-pass.js';
import type { LayerPlan } from './plan-linears.js';
import type { SourceModel } from '../source-model.js';

/** The model as it is, which reads the calibration rows beside the one that is being rounded, a layer at a time. */
export class ExactPass<Grid> implements Disposable {
  private constructor(private readonly pass: CalibrationPass<Grid>) {}

  /** Beside a pass that stands before the first layer. */
  static beside<Grid>(pass: CalibrationPass<Grid>): ExactPass<Grid> {
    return new ExactPass(pass.beside());
  }

  /** `first`: the layer that comes next; those before it are gone through at once. */
  static async open<Grid>(source: SourceModel, plan: LayerPlan<Grid>, rows: readonly EncodedRow[], first: number, signal: AbortSignal): Promise<ExactPass<Grid>> {
    const exact = new ExactPass(await CalibrationPass.open(source, plan, rows));
    try {
      for (let layer = 0; layer < first; layer += 1) {
        signal.throwIfAborted();
        await exact.pass.layer(layer, ({ compute }) => compute(({ weight }) => weight));
      }
      return exact;
    } catch (error) {
      exact[Symbol.dispose]();
      throw error;
    }
  }

  /** Goes through the next layer; `hidden` [tokens, hidden] is what the rounded model gives it. The caller disposes of what was seen. */
  async layer(index: number, hidden: Tensor): Promise<ExactLayer> {
    const before = this.pass.hidden;
    const inputs = new Map<string, Tensor>();
    let lack: Tensor | undefined;
    try {
      await this.pass.layer(index, ({ vectors, compute }) => {
        if (!normsFollow(vectors)) lack = keep(scope(() => ops.sub(ops.toDtype(before, 'float32'), ops.toDtype(hidden, 'float32'))));
        // Linears side by side are given the same input, one after another.
        let shared: { readonly input: Tensor; readonly copy: Tensor } | undefined;
        compute(({ path, weight, grid }, input) => {
          if (grid === null) return weight;
          if (shared?.input !== input) shared = { input, copy: keep(noGrad(() => ops.clone(input))) };
          inputs.set(path, shared.copy);
          return weight;
        });
      });
      return new ExactLayer(inputs, lack);
    } catch (error) {
      new ExactLayer(inputs, lack)[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.pass[Symbol.dispose]();
  }
}

/** Whether what attention and feed-forward give is normed before it is added. */
function normsFollow(vectors: readonly LayerVector[]): boolean {
  return vectors.some(({ role }) => role.startsWith('post_'));
}
