import type { Tensor } from '@tunesmith/tensor';
import type { ExactLayer } from './exact-layer.js';
import type { IntegerGrid } from './integer-grid.js';
import type { RoundedMatrix } from './rounded-matrix.js';

/**
 * How the weights of linears become levels. Adding one: a file here that exports it, its spec, one line in methods.ts, its targets in exporters/hf/hf-targets.ts.
 * All that is made inside is freed by the caller's scope.
 */
export type RoundingMethod = PlainMethod | CalibratedMethod;

/** Looks at one weight at a time. */
export interface PlainMethod {
  readonly name: string;
  readonly calibrates: false;
  /** `weight` [rows, columns], float32, finite. */
  round(weight: Tensor, grid: IntegerGrid, tensorName: string): RoundedMatrix;
}

/** Looks at what the linears of a layer are given while the model reads rows. */
export interface CalibratedMethod {
  readonly name: string;
  readonly calibrates: true;
  roundLayer(layer: LayerWork, settings: MethodSettings): RoundedLayer;
}

export interface MethodSettings {
  /** Of GPTQ: what is added to the diagonal of the Hessian, as a share of its mean. */
  readonly damping: number;
  /** Of GPTQ, the order of columns: as they are, by what goes through them with the groups of the file, or with groups in that order. */
  readonly actOrder: 'none' | 'static' | 'group';
  /** Of SmoothQuant: how much of the range of the inputs moves into the weights, 0 to 1. */
  readonly alpha: number;
}

/** One layer, its weights in memory. */
export interface LayerWork<Grid = IntegerGrid> {
  readonly linears: readonly LayerLinear<Grid>[];
  /** Norms, biases and other vectors of the layer. */
  readonly vectors: readonly LayerVector[];
  /** Has the layer read all calibration tokens: each linear is multiplied with what `visit` gives for it and its input [tokens, in]. Once. */
  compute(visit: (linear: LayerLinear<Grid>, input: Tensor) => Tensor): void;
  /** The same layer of the model as it is, where what the layers before have lost is to be made up for. */
  readonly exact?: ExactLayer | undefined;
}

export interface LayerLinear<Grid = IntegerGrid> {
  /** `model.layers.0.self_attn.q_proj` */
  readonly path: string;
  /** What it is for, in the words of GGUF and without the layer: `attn_q`. */
  readonly role: string;
  /** [out, in], float32. */
  readonly weight: Tensor;
  /** Null: stays as it is. */
  readonly grid: Grid | null;
}

export interface LayerVector {
  /** `model.layers.0.input_layernorm.weight` */
  readonly name: string;
  /** `attn_norm.weight` */
  readonly role: string;
  readonly values: Float32Array;
  /** What it is stored in. */
  readonly dtype: 'float32' | 'float16' | 'bfloat16';
  /** What is added to it before it multiplies: 1 for the norms of the Gemma families. */
  readonly offset: 0 | 1;
}

export interface RoundedLayer {
  /** By path. */
  readonly matrices: ReadonlyMap<string, RoundedMatrix>;
  /** Tensors that became others on the way, such as norms that took over scales: by name, float32. */
  readonly changed?: ReadonlyMap<string, Float32Array>;
}
