import { rotarySpeeds, type RotarySettings } from '@tunesmith/nn';
import { QuantizationError } from '../../quantization-error.js';
import type { DecoderInputs } from './decoder-inputs.js';
import type { GraphBuilder } from './graph-builder.js';
import { elementTypes } from './onnx-types.js';

/** The turns of a batch's tokens, for RotaryEmbedding of ONNX Runtime. */
export interface Rotation {
  /** float32 [batch * sequence, turned / 2] each. */
  readonly cosine: string;
  readonly sine: string;
  /** int64 [batch, sequence]: which of their rows is a token's. */
  readonly rows: string;
  /** How many numbers of each head turn. */
  readonly turned: number;
}

/**
 * Turns are computed from the positions when the graph runs, once for all layers: no table grows with the context, and rows beyond the context that
 * longrope was trained on turn by their own speeds.
 * Throws QuantizationError `rotation-without-graph`.
 */
export function rotation(graph: GraphBuilder, path: string, inputs: DecoderInputs, settings: RotarySettings, turned: number): Rotation {
  const { attentionFactor } = rotarySpeeds(settings, turned);
  const { positions } = inputs;
  const flat = graph.value(path, 'Reshape', [positions, graph.constant('int64', [-1, 1])]); // [batch * sequence, 1]
  const angles = graph.value(path, 'Mul', [graph.value(path, 'Cast', [flat], { to: { int: elementTypes.float32 } }), speeds(graph, path, inputs, settings, turned)]);
  const scaled = (operator: 'Cos' | 'Sin') => {
    const values = graph.value(path, operator, [angles]);
    return attentionFactor === 1 ? values : graph.value(path, 'Mul', [values, graph.scalar('float32', attentionFactor)]);
  };
  const [zero, one] = [graph.scalar('int64', 0), graph.scalar('int64', 1)];
  const rows = graph.value(path, 'Range', [zero, graph.value(path, 'Size', [positions]), one]);
  return { cosine: scaled('Cos'), sine: scaled('Sin'), rows: graph.value(path, 'Reshape', [rows, graph.value(path, 'Shape', [positions])]), turned };
}

/** float32 [1, turned / 2] */
function speeds(graph: GraphBuilder, path: string, inputs: DecoderInputs, settings: RotarySettings, turned: number): string {
  const { scaling } = settings;
  const constant = (rowLength: number) => graph.constant('float32', [...rotarySpeeds(settings, turned, rowLength).speeds], [1, turned / 2]);
  if (scaling?.kind === 'dynamic') {
    throw new QuantizationError({
      code: 'rotation-without-graph',
      message: 'This model turns by speeds that change with every token of a long row (rope type dynamic), which ONNX graphs here do not compute. Choose a GGUF target.',
      facts: { kind: scaling.kind },
    });
  }
  if (scaling?.kind !== 'longrope') return constant(0);
  const long = graph.value(path, 'Greater', [inputs.totalLength(), graph.scalar('int64', scaling.originalContext)]);
  return graph.value(path, 'Where', [long, constant(scaling.originalContext + 1), constant(0)]);
}

/** Turns every head of [batch, sequence, heads * headSize]. */
export function rotate(graph: GraphBuilder, path: string, input: string, { cosine, sine, rows, turned }: Rotation, { heads, headSize }: { heads: number; headSize: number }): string {
  const partly = turned === headSize ? 0 : turned;
  return graph.value(path, 'RotaryEmbedding', [input, rows, cosine, sine], { num_heads: { int: heads }, rotary_embedding_dim: { int: partly }, interleaved: { int: 0 } }, 'com.microsoft');
}
