import type { DecoderInputs } from './decoder-inputs.js';
import type { GraphParts } from './graph-parts.js';
import { attendPlainly, causalBias, splitHeads } from './plain-attention.js';
import { rotate, type Rotation } from './rotation.js';

/** What GroupQueryAttention of ONNX Runtime asks of the size of a head. */
const headSizeMultiple = 8;

export interface CachedAttentionOptions {
  /** Whose cache it is. */
  readonly layer: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Factor on the scores before the softmax. */
  readonly scale: number;
  /** How many keys, its own included, a token sees; null: all before it. */
  readonly window?: number | null;
  /** Of queries and keys. */
  readonly rotation?: Rotation;
}

export interface Projected {
  /** [batch, sequence, heads * headSize] */
  readonly query: string;
  /** [batch, sequence, keyValueHeads * headSize] */
  readonly key: string;
  readonly value: string;
}

/**
 * Causal attention with a cache, as onnxruntime-genai and transformers.js name it:
 *
 *     past_key_values.{layer}.key|value [batch, keyValueHeads, past, headSize] -> present.{layer}.key|value [batch, keyValueHeads, total, headSize]
 *
 * -> [batch, sequence, heads * headSize]. GroupQueryAttention where it takes the size of the heads, standard operators elsewhere.
 */
export function cachedAttention({ graph }: GraphParts, path: string, inputs: DecoderInputs, { query, key, value }: Projected, options: CachedAttentionOptions): string {
  const { layer, heads, keyValueHeads, headSize, scale, window = null, rotation } = options;
  const turned = rotation ? rotate(graph, path, query, rotation, { heads, headSize }) : query;
  const turnedKey = rotation ? rotate(graph, path, key, rotation, { heads: keyValueHeads, headSize }) : key;
  const cache = (role: string, length: string) => [`${role}.${layer}`, ['batch_size', keyValueHeads, length, headSize]] as const;
  const [pastName, pastDims] = cache('past_key_values', 'past_sequence_length');
  const [presentName, presentDims] = cache('present', 'total_sequence_length');
  const [pastKey, pastValue] = [graph.input(`${pastName}.key`, 'float32', pastDims), graph.input(`${pastName}.value`, 'float32', pastDims)];
  const attended = (() => {
    if (headSize % headSizeMultiple === 0) {
      const operands = [turned, turnedKey, value, pastKey, pastValue, inputs.lastPosition, inputs.total];
      const attributes = { num_heads: { int: heads }, kv_num_heads: { int: keyValueHeads }, scale: { float: scale }, local_window_size: { int: window ?? -1 } };
      const outputs = [`${path}/GroupQueryAttention/output_0`, `${presentName}.key`, `${presentName}.value`];
      return graph.node(path, 'GroupQueryAttention', operands, { domain: 'com.microsoft', attributes, outputs })[0]!;
    }
    const grown = (past: string, added: string, part: string) =>
      graph.node(path, 'Concat', [past, splitHeads(graph, path, added, keyValueHeads, headSize)], { attributes: { axis: { int: 2 } }, outputs: [`${presentName}.${part}`] })[0]!;
    const [keys, values] = [grown(pastKey, turnedKey, 'key'), grown(pastValue, value, 'value')];
    return attendPlainly(graph, path, { query: turned, keys, values, bias: causalBias(graph, inputs, window) }, { heads, keyValueHeads, headSize, scale });
  })();
  for (const part of ['key', 'value']) graph.output(`${presentName}.${part}`, 'float32', presentDims);
  return attended;
}
