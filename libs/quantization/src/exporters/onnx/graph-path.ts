import type { OnnxDataType } from './data-types.js';

/** Where transformers.js looks for a graph of this data type: `onnx/model_q4.onnx`. */
export function graphPath(graph: string, { suffix }: OnnxDataType): string {
  return `onnx/${graph}${suffix}.onnx`;
}
