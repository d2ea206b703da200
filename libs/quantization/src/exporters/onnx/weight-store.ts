import type { Fallback } from '../file-content.js';
import { requireFinite } from '../../schemes/quantization-scheme.js';
import type { WeightReader } from '../weight-reader.js';
import { storeBlockMatrix } from './block-matrix.js';
import { withoutBlocks, type OnnxDataType } from './data-types.js';
import { storeFloatMatrix } from './float-matrix.js';
import type { GraphBuilder } from './graph-builder.js';
import type { MatrixPlace, StoredMatrix } from './stored-matrix.js';

/** Brings the weights of a model into a graph, each in the scheme that the data type has for it. */
export class WeightStore {
  /** How many tensors there are in each scheme, so far. */
  readonly types: Record<string, number> = {};
  readonly fallbacks: Fallback[] = [];

  constructor(
    private readonly graph: GraphBuilder,
    private readonly weights: WeightReader,
    private readonly dataType: OnnxDataType,
    private readonly layers: number,
  ) {}

  async matrix(place: MatrixPlace & { readonly makesValues: boolean }): Promise<StoredMatrix> {
    const { module, columns, makesValues } = place;
    const layer = /\.(\d+)\./.exec(module)?.[1];
    const wanted = this.dataType.schemeOf({ layer: layer === undefined ? null : Number(layer), layers: this.layers, makesValues });
    const used = columns % wanted.blockElements === 0 ? wanted : withoutBlocks;
    if (used !== wanted) this.fallbacks.push({ tensor: `${module}.weight`, columns, wanted: wanted.name, used: used.name });
    this.#count(used.name);
    const { graph, weights } = this;
    return 'matMulNBits' in used ? storeBlockMatrix({ graph, weights }, place, used) : storeFloatMatrix({ graph, weights }, place, used);
  }

  /** A vector in float32, with `offset` added to its numbers. */
  async vector(name: string, size: number, offset = 0): Promise<string> {
    const values = await this.values(name, [size]);
    if (offset !== 0) for (let i = 0; i < size; i += 1) values[i]! += offset;
    return this.derived(name, [size], values);
  }

  /** The numbers of a small tensor. Throws QuantizationError where one is not finite. */
  async values(name: string, shape: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    const values = await this.weights.values(name, shape);
    requireFinite(values, shape.at(-1)!, { tensor: name, scheme: 'f32' });
    return values;
  }

  /** Numbers that were made from weights, in float32. */
  async derived(name: string, dims: readonly number[], values: Float32Array<ArrayBuffer>): Promise<string> {
    this.#count('f32');
    return this.graph.tensor(name, 'float32', dims, new Uint8Array(values.buffer));
  }

  #count(scheme: string): void {
    this.types[scheme] = (this.types[scheme] ?? 0) + 1;
  }
}
