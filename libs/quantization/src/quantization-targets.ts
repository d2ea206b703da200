import { onnxVariants, type OnnxVariant } from './exporters/onnx/onnx-variants.js';
import { QuantizationError } from './quantization-error.js';
import type { QuantizationScheme } from './schemes/quantization-scheme.js';
import { schemes } from './schemes/schemes.js';

/** What a model can be written as: `gguf/q8_0`, `onnx/int4`. */
export type QuantizationTarget = { readonly name: string; readonly kind: 'gguf'; readonly scheme: QuantizationScheme } | { readonly name: string; readonly kind: 'onnx'; readonly variant: OnnxVariant };

/** All of them. */
export const quantizationTargets: readonly QuantizationTarget[] = [
  ...schemes.filter(({ gguf }) => gguf !== undefined).map((scheme) => ({ name: `gguf/${scheme.name}`, kind: 'gguf', scheme }) as const),
  ...(Object.keys(onnxVariants) as OnnxVariant[]).map((variant) => ({ name: `onnx/${variant}`, kind: 'onnx', variant }) as const),
];

/** The target of this name. Throws QuantizationError `unknown-target` that lists what there is. */
export function findTarget(name: string): QuantizationTarget {
  const found = quantizationTargets.find((target) => target.name === name);
  if (found !== undefined) return found;
  const known = quantizationTargets.map((target) => target.name);
  throw new QuantizationError({ code: 'unknown-target', message: `unknown quantization target ${name}; expected one of ${known.join(', ')}`, facts: { target: name, known } });
}
