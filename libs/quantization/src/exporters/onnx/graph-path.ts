import type { OnnxDataType } from './data-types.js';

/** The graphs that runtimes open, as transformers.js calls them: a decoder, and the decoder of an encoder beside it. */
export const openedGraphs = ['model', 'decoder_model_merged'] as const;

/** Where transformers.js looks for a graph of this data type: `onnx/model_q4.onnx`. */
export function graphPath(graph: string, { suffix }: OnnxDataType): string {
  return `onnx/${graph}${suffix}.onnx`;
}
