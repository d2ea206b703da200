import type { QuantizationTarget, TeacherAddress } from '@tunesmith/contracts';
import type { EvaluateModelOptions } from '@tunesmith/evaluation';

/** Where a worker finds the model that is asked: a folder of weights, or one with a file for another runtime. */
export type ModelPlace = { readonly modelFolder: string; readonly adapterFolder?: string; readonly dtype: 'bfloat16' | 'float32' | 'model' } | { readonly quantizedFolder: string; readonly format?: QuantizationTarget; readonly dtype: 'bfloat16' | 'float32' | 'model' };

/** The same, or an address. */
export type EvaluatedPlace = ModelPlace | { readonly address: TeacherAddress; readonly templateFolder?: string };

export type EvaluateInput = Omit<EvaluateModelOptions, 'modelFolder' | 'adapterFolder' | 'target'> & EvaluatedPlace & { readonly outFolder: string };

export function placeOf(
  key: 'model' | 'gguf' | 'onnx' | 'hf' | 'files', folder: string, { dtype, format, adapterFolder }: { readonly dtype: 'bfloat16' | 'float32' | 'model'; readonly format?: QuantizationTarget | undefined; readonly adapterFolder?: string | undefined },
): ModelPlace {
  if (key === 'model') return { modelFolder: folder, dtype, ...(adapterFolder !== undefined && { adapterFolder }) };
  return { quantizedFolder: folder, dtype, ...(format !== undefined && { format }) };
}
