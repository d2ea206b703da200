import { ggufFileTypes, type GgufFileType } from './exporters/gguf/file-types.js';
import { hfTargets, type HfTarget } from './exporters/hf/hf-targets.js';
import { onnxDataTypes, type OnnxDataType } from './exporters/onnx/data-types.js';
import { QuantizationError } from './quantization-error.js';

/** What a model can be written as: `gguf/q4_k_m`, `onnx/int4`, `hf/gptq-int4`. */
export type QuantizationTarget =
  | { readonly name: string; readonly kind: 'gguf'; readonly fileType: GgufFileType }
  | { readonly name: string; readonly kind: 'onnx'; readonly dataType: OnnxDataType }
  | { readonly name: string; readonly kind: 'hf'; readonly hf: HfTarget };

/** All of them. */
export const quantizationTargets: readonly QuantizationTarget[] = [
  ...ggufFileTypes.map((fileType) => ({ name: `gguf/${fileType.name}`, kind: 'gguf', fileType }) as const),
  ...onnxDataTypes.map((dataType) => ({ name: `onnx/${dataType.name}`, kind: 'onnx', dataType }) as const),
  ...hfTargets.map((hf) => ({ name: `hf/${hf.name}`, kind: 'hf', hf }) as const),
];

/** The target of this name. Throws QuantizationError `unknown-target` that lists what there is. */
export function findTarget(name: string): QuantizationTarget {
  const found = quantizationTargets.find((target) => target.name === name);
  if (found !== undefined) return found;
  const known = quantizationTargets.map((target) => target.name);
  throw new QuantizationError({ code: 'unknown-target', message: `unknown quantization target ${name}; expected one of ${known.join(', ')}`, facts: { target: name, known } });
}
