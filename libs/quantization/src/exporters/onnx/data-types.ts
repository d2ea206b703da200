import type { BlockScheme } from '../../schemes/block-scheme.js';
import { f16 } from '../../schemes/f16.js';
import { f32 } from '../../schemes/f32.js';
import type { GgufScheme } from '../../schemes/gguf-scheme.js';
import { int8 } from '../../schemes/int8.js';
import { int4Mix } from './int4-mix.js';

/** Which matrix of a model one is. */
export interface MatrixRole {
  /** Null for embedding and head. */
  readonly layer: number | null;
  readonly layers: number;
  /** Attention's values come out of it. */
  readonly makesValues: boolean;
}

/** What the weights of a graph are stored in. Activations are float32 in each, and so are inputs, outputs and the cache. */
export interface OnnxDataType {
  readonly name: string;
  /** As transformers.js calls it, and what it appends to the name of a graph's file. */
  readonly dtype: string;
  readonly suffix: string;
  schemeOf(role: MatrixRole): BlockScheme | GgufScheme;
}

/** What a row becomes that is no whole blocks of the scheme that it should have, as in llama.cpp. */
export const withoutBlocks = f16;

/** All of them, the smallest first: where a folder holds several, it is the one that clients load by themselves. */
export const onnxDataTypes = [
  { name: 'int4', dtype: 'q4', suffix: '_q4', schemeOf: int4Mix },
  { name: 'int8', dtype: 'int8', suffix: '_int8', schemeOf: () => int8 },
  { name: 'fp16', dtype: 'fp16', suffix: '_fp16', schemeOf: () => f16 },
  { name: 'fp32', dtype: 'fp32', suffix: '', schemeOf: () => f32 },
] as const satisfies readonly OnnxDataType[];
