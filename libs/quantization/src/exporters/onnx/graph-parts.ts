import type { GraphBuilder } from './graph-builder.js';
import type { StoredMatrix } from './stored-matrix.js';
import type { WeightStore } from './weight-store.js';

export interface LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly bias?: boolean;
  /** The checkpoint has it as [inputs, outputs]. */
  readonly transposed?: boolean;
  /** Attention's values are among what it makes. */
  readonly makesValues?: boolean;
}

export interface NormOptions {
  readonly size: number;
  readonly epsilon: number;
}

/**
 * What graphs of models are built from, as modules are from `Parts`: each method adds the nodes of one module to the graph. Modules have the names of
 * the published checkpoint. Values are [batch, sequence, ...] of float32.
 */
export class GraphParts {
  readonly #tables = new Map<string, StoredMatrix>();

  constructor(
    readonly graph: GraphBuilder,
    readonly store: WeightStore,
  ) {}

  /** int64 ids [batch, sequence] -> [batch, sequence, width] */
  async embedding(module: string, ids: string, { rows, width }: { rows: number; width: number }): Promise<string> {
    const table = await this.store.matrix({ module, rows, columns: width, table: true, transposed: false, makesValues: false });
    this.#tables.set(module, table);
    return table.lookUp(this.graph, module, ids);
  }

  /** The head that is the embedding: [batch, sequence, width] -> [batch, sequence, rows] */
  tiedHead(embedding: string, input: string): string {
    const table = this.#tables.get(embedding);
    if (table === undefined) throw new TypeError(`no embedding ${embedding} so far`);
    return table.multiply(this.graph, 'lm_head', input);
  }

  /** [batch, sequence, inputs] -> [batch, sequence, outputs] */
  async linear(module: string, input: string, { inputs, outputs, bias = false, transposed = false, makesValues = false }: LinearOptions): Promise<string> {
    const matrix = await this.store.matrix({ module, rows: outputs, columns: inputs, table: false, transposed, makesValues });
    return matrix.multiply(this.graph, module, input, bias ? await this.store.vector(`${module}.bias`, outputs) : undefined);
  }

  /** With `unitOffset` the weights are stored as distances from one. */
  async rmsNorm(module: string, input: string, { size, epsilon, unitOffset = false }: NormOptions & { readonly unitOffset?: boolean }): Promise<string> {
    const weight = await this.store.vector(`${module}.weight`, size, unitOffset ? 1 : 0);
    // The operator is an old one of ONNX Runtime that lives in the default domain.
    return this.graph.value(module, 'SimplifiedLayerNormalization', [input, weight], { axis: { int: -1 }, epsilon: { float: epsilon }, stash_type: { int: 1 } });
  }

  async layerNorm(module: string, input: string, { size, epsilon }: NormOptions): Promise<string> {
    const [weight, bias] = [await this.store.vector(`${module}.weight`, size), await this.store.vector(`${module}.bias`, size)];
    return this.graph.value(module, 'LayerNormalization', [input, weight, bias], { axis: { int: -1 }, epsilon: { float: epsilon } });
  }

  /** Side by side in the last dimension -> each by itself. */
  split(module: string, input: string, sizes: readonly number[]): string[] {
    return this.graph.node(module, 'Split', [input, this.graph.constant('int64', sizes)], { attributes: { axis: { int: -1 } }, outputs: sizes.length });
  }

  add(module: string, a: string, b: string): string {
    return this.graph.value(module, 'Add', [a, b]);
  }

  scaled(module: string, input: string, factor: number): string {
    return this.graph.value(module, 'Mul', [input, this.graph.scalar('float32', factor)]);
  }

  /** `cap * tanh(x / cap)` */
  softcap(module: string, input: string, cap: number): string {
    return this.scaled(module, this.graph.value(module, 'Tanh', [this.scaled(module, input, 1 / cap)]), cap);
  }
}
