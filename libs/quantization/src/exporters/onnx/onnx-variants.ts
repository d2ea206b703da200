/**
 * The graphs we write. `file` and `dtype` are the names that transformers.js gives them; where a folder holds several, `dtype` of the first in this
 * order is what it loads by itself.
 */
export const onnxVariants = {
  int4: { file: 'onnx/model_q4.onnx', dtype: 'q4' },
  fp32: { file: 'onnx/model.onnx', dtype: 'fp32' },
} as const;

export type OnnxVariant = keyof typeof onnxVariants;
