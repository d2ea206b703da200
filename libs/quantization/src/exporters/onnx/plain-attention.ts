import { dimension, range, type DecoderInputs } from './decoder-inputs.js';
import type { GraphBuilder } from './graph-builder.js';
import { elementTypes } from './onnx-types.js';

/** Added to the scores of keys that a token may not see: far below any score, and finite, so that a row of nothing else stays a number. */
const unseen = -1e30;

export interface AttentionShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Factor on the scores. */
  readonly scale: number;
}

export interface AttentionOperands {
  /** [batch, sequence, heads * headSize] */
  readonly query: string;
  /** [batch, keyValueHeads, keys, headSize] */
  readonly keys: string;
  readonly values: string;
  /** Added to the scores; broadcasts to [batch, heads, sequence, keys]. */
  readonly bias: string;
}

/** Attention from standard operators: -> [batch, sequence, heads * headSize]. */
export function attendPlainly(graph: GraphBuilder, path: string, { query, keys, values, bias }: AttentionOperands, { heads, keyValueHeads, headSize, scale }: AttentionShape): string {
  const reshape = (value: string, dims: readonly number[]) => graph.value(path, 'Reshape', [value, graph.constant('int64', dims)]);
  const transpose = (value: string, perm: readonly number[]) => graph.value(path, 'Transpose', [value], { perm: { ints: perm } });
  // The queries of heads that share a key lie below each other.
  const grouped = reshape(splitHeads(graph, path, query, heads, headSize), [0, keyValueHeads, -1, headSize]); // [batch, keyValueHeads, group * sequence, headSize]
  const products = graph.value(path, 'MatMul', [grouped, transpose(keys, [0, 1, 3, 2])]); // [batch, keyValueHeads, group * sequence, keys]
  const scores = scale === 1 ? products : graph.value(path, 'Mul', [products, graph.scalar('float32', scale)]);
  const biased = graph.value(path, 'Add', [reshape(scores, [0, heads, -1, 0]), bias]);
  const shares = reshape(graph.value(path, 'Softmax', [biased], { axis: { int: -1 } }), [0, keyValueHeads, -1, 0]);
  const attended = reshape(graph.value(path, 'MatMul', [shares, values]), [0, heads, -1, headSize]); // [batch, heads, sequence, headSize]
  return reshape(transpose(attended, [0, 2, 1, 3]), [0, 0, heads * headSize]);
}

/** [batch, sequence, heads * headSize] -> [batch, heads, sequence, headSize] */
export function splitHeads(graph: GraphBuilder, path: string, value: string, heads: number, headSize: number): string {
  const split = graph.value(path, 'Reshape', [value, graph.constant('int64', [0, 0, heads, headSize])]);
  return graph.value(path, 'Transpose', [split], { perm: { ints: [0, 2, 1, 3] } });
}

/** float32 [batch, 1, sequence, total]: nothing for keys up to the token itself and inside its window, far below zero for all others and for padding. */
export function causalBias(graph: GraphBuilder, inputs: DecoderInputs, window: number | null): string {
  const path = window === null ? 'model.causal_bias' : `model.causal_bias_${window}`;
  return graph.once(path, () => {
    const total = inputs.totalLength();
    const newest = graph.value(path, 'Sub', [total, dimension(graph, inputs.tokenIds, 1)]);
    const queries = graph.value(path, 'Unsqueeze', [range(graph, newest, total), graph.constant('int64', [1])]); // [sequence, 1]
    const keys = range(graph, graph.scalar('int64', 0), total); // [total]
    const before = graph.value(path, 'LessOrEqual', [keys, queries]);
    const inside = window === null ? before : graph.value(path, 'And', [before, graph.value(path, 'Less', [graph.value(path, 'Sub', [queries, keys]), graph.scalar('int64', window)])]);
    return biasWhere(graph, path, graph.value(path, 'And', [inside, paddingMask(graph, path, inputs.mask)]));
  });
}

/** int64 mask [batch, keys] -> bool [batch, 1, 1, keys] */
export function paddingMask(graph: GraphBuilder, path: string, mask: string): string {
  return graph.value(path, 'Cast', [graph.value(path, 'Unsqueeze', [mask, graph.constant('int64', [1, 2])])], { to: { int: elementTypes.bool } });
}

/** Zero where `seen`, far below zero elsewhere. */
export function biasWhere(graph: GraphBuilder, path: string, seen: string): string {
  return graph.value(path, 'Where', [seen, graph.scalar('float32', 0), graph.scalar('float32', unseen)]);
}
