import { elementCount } from '@tunesmith/checkpoints';
import type { EncodedRow } from '@tunesmith/datasets';
import { storedShape, type CausalLanguageModel, type ForwardSteps } from '@tunesmith/models';
import { Embedding, isOutputHead, Linear, packTokens, plainParts } from '@tunesmith/nn';
import { empty, keep, noGrad, ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import type { LayerLinear, LayerVector, LayerWork } from '../../methods/rounding-method.js';
import type { SourceModel } from '../source-model.js';
import { computeDtype } from './calibration-budget.js';
import type { LayerPlan } from './plan-linears.js';
import { readLinear } from './read-linear.js';
import { VisitedLinear } from './visited-linear.js';

/**
 * A model that reads the calibration rows a layer at a time, all rows at once: in memory are what the rows have become so far and the weights of the layer that comes next. The embedding
 * is gone when the first layer begins; the output head is never there.
 */
export class CalibrationPass<Grid> implements Disposable {
  private constructor(
    private readonly source: SourceModel,
    private readonly plan: LayerPlan<Grid>,
    private readonly model: CausalLanguageModel,
    private readonly linears: ReadonlyMap<string, VisitedLinear>,
    private readonly steps: ForwardSteps,
    /** [tokens, hidden], what the next layer reads. */
    public hidden: Tensor,
    private readonly ownsModel = true,
  ) {}

  /** `hidden`: what the layer reads that is worked on first, and is this pass's own from now on; undefined: that is the first of all. */
  static async open<Grid>(source: SourceModel, plan: LayerPlan<Grid>, rows: readonly EncodedRow[], hidden?: Tensor): Promise<CalibrationPass<Grid>> {
    const { family, config } = source;
    const dtype = computeDtype(source);
    const plain = plainParts({ dtype });
    const linears = new Map<string, VisitedLinear>();
    const embeddings: Embedding[] = [];
    const model = family.build(config, {
      ...plain,
      linear: (path, inFeatures, outFeatures, { bias = false } = {}) => {
        if (isOutputHead(path)) return new Linear(path, empty([0, inFeatures], { dtype }));
        const linear = new VisitedLinear(path, [outFeatures, inFeatures], bias ? empty([outFeatures], { dtype }) : null);
        linears.set(path, linear);
        return linear;
      },
      embedding: (path, count, size, options) => {
        const embedding = plain.embedding(path, count, size, options);
        embeddings.push(embedding);
        return embedding;
      },
    });
    try {
      await fill(source, model);
      const steps = noGrad(() => model.steps!(packTokens(rows.map(({ tokenIds }) => tokenIds))));
      for (const { weight } of embeddings) weight.dispose();
      if (hidden !== undefined) steps.embedded.dispose();
      return new CalibrationPass(source, plan, model, linears, steps, hidden ?? steps.embedded);
    } catch (error) {
      hidden?.dispose();
      model[Symbol.dispose]();
      throw error;
    }
  }

  /** Has `work` done on a layer; layers come in order, from the one that the pass was opened for. What `work` makes besides its result is freed. */
  async layer<Result>(index: number, work: (layer: LayerWork<Grid>) => Result): Promise<Result> {
    const linears: LayerLinear<Grid>[] = [];
    try {
      const planned = this.plan.linears.map((matrix) => ({ matrix, grid: matrix.grid }));
      const kept = this.plan.kept.map((matrix) => ({ matrix, grid: null }));
      for (const { matrix, grid } of [...planned, ...kept]) {
        if (matrix.layer === index) linears.push({ path: matrix.path, role: matrix.role, weight: await readLinear(this.source.weights, matrix), grid });
      }
      const vectors = await this.#vectors(index);
      return scope(() => noGrad(() => work({ linears, vectors, compute: (visit) => this.#compute(index, linears, visit) })));
    } finally {
      for (const { weight } of linears) weight.dispose();
    }
  }

  /** Another pass from where this one stands, by the same model: to be disposed of before it. Their layers take turns. */
  beside(): CalibrationPass<Grid> {
    return new CalibrationPass(this.source, this.plan, this.model, this.linears, this.steps, noGrad(() => ops.clone(this.hidden)), false);
  }

  [Symbol.dispose](): void {
    this.hidden.dispose();
    if (this.ownsModel) this.model[Symbol.dispose]();
  }

  #compute(index: number, linears: readonly LayerLinear<Grid>[], visit: Parameters<LayerWork<Grid>['compute']>[0]): void {
    for (const linear of linears) this.linears.get(linear.path)!.visitedBy((input) => visit(linear, input));
    const next = keep(scope(() => this.steps.layers[index]!(this.hidden)));
    this.hidden.dispose();
    this.hidden = next;
    for (const { path } of linears) this.linears.get(path)!.visitedBy(undefined);
  }

  async #vectors(index: number): Promise<LayerVector[]> {
    const { family, config, weights } = this.source;
    const found: LayerVector[] = [];
    for (const { huggingFace: name, gguf, shape, transform } of family.weights.tensors(config)) {
      const place = /^blk\.(\d+)\.(.*)$/.exec(gguf);
      if (shape.length === 1 && place !== null && Number(place[1]) === index) {
        found.push({ name, role: place[2]!, values: await weights.values(name, shape), dtype: weights.stored(name, shape).dtype, offset: transform?.kind === 'plus-one' ? 1 : 0 });
      }
    }
    return found;
  }
}

/** Everything but the weights of linears, a few megabytes at a time. */
async function fill({ family, config, weights }: SourceModel, model: CausalLanguageModel): Promise<void> {
  const parameters = model.parameters();
  for (const weight of family.weights.tensors(config)) {
    const parameter = parameters.get(weight.huggingFace);
    if (!parameter || parameter.size !== elementCount(weight.shape) || (weight.optional === true && !weights.has(weight.huggingFace))) continue;
    let filled = 0;
    for await (const piece of weights.rows(weight.huggingFace, storedShape(weight))) {
      const rows = piece.length / (elementCount(weight.shape) / weight.shape[0]!);
      scope(() => noGrad(() => void ops.copyInPlace(ops.narrow(parameter, 0, filled, rows), tensor(piece, { shape: [rows, ...weight.shape.slice(1)] }))));
      filled += rows;
    }
  }
}
