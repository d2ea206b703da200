import type { CausalLanguageModel } from '@tunesmith/models';
import { QuantizedLinear } from '@tunesmith/nn';

/** How many numbers a model has, adapters too; a weight in 8 or 4 bits counts as the numbers that it stands for, not as its codes and scales. */
export function totalParameters(model: CausalLanguageModel): number {
  const quantized = [...model.modules()].filter((module) => module instanceof QuantizedLinear);
  const codes = new Set(quantized.flatMap((linear) => [...linear.parameters().values()].filter((parameter) => parameter !== linear.bias)));
  const held = quantized.reduce((sum, { shape: [outFeatures, inFeatures] }) => sum + outFeatures * inFeatures, 0);
  return [...model.parameters().values()].reduce((sum, parameter) => sum + (codes.has(parameter) ? 0 : parameter.size), held);
}
