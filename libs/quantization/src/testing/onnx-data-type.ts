import { onnxDataTypes, type OnnxDataType } from '../exporters/onnx/data-types.js';

/** The data type of this name. */
export function onnxDataType(name: (typeof onnxDataTypes)[number]['name']): OnnxDataType {
  return onnxDataTypes.find((dataType) => dataType.name === name)!;
}
