import { join } from 'node:path';
import type { QuantizationTarget, TeacherAddress } from '@tunesmith/contracts';
import type { EvaluateModelOptions } from '@tunesmith/evaluation';
import type { PlatformConfig } from '@tunesmith/platform';
import type { FileAdapter } from '@tunesmith/quantization';

/** Where a worker finds the model that is asked: a folder of weights, or one with a file for another runtime. */
export type ModelPlace = { readonly modelFolder: string; readonly adapterFolder?: string; readonly dtype: 'bfloat16' | 'float32' | 'model' } | { readonly quantizedFolder: string; readonly format?: QuantizationTarget; readonly dtype: 'bfloat16' | 'float32' | 'model'; readonly fileAdapter?: FileAdapter };

/** The same, or an address. */
export type EvaluatedPlace = ModelPlace | { readonly address: TeacherAddress; readonly templateFolder?: string };

export type EvaluateInput = Omit<EvaluateModelOptions, 'modelFolder' | 'adapterFolder' | 'target'> & EvaluatedPlace & { readonly outFolder: string };

/** What adapters became for files of their models, by their content; it may be removed at any time when nobody asks. */
export function adapterCacheOf({ home }: Pick<PlatformConfig, 'home'>): string {
  return join(home, 'adapters');
}

/** A staged adapter, where there is one. */
export function adapterOf(folder: string | undefined, config: Pick<PlatformConfig, 'home'>): FileAdapter | undefined {
  return folder === undefined ? undefined : { folder, cache: adapterCacheOf(config) };
}

export function placeOf(
  key: 'model' | 'gguf' | 'onnx' | 'hf' | 'files', folder: string, { dtype, format, adapter }: { readonly dtype: 'bfloat16' | 'float32' | 'model'; readonly format?: QuantizationTarget | undefined; readonly adapter?: FileAdapter | undefined },
): ModelPlace {
  if (key === 'model') return { modelFolder: folder, dtype, ...(adapter && { adapterFolder: adapter.folder }) };
  return { quantizedFolder: folder, dtype, ...(format !== undefined && { format }), ...(adapter && { fileAdapter: adapter }) };
}
