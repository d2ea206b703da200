import { ArtifactRef } from '../artifact-ref.js';
import { QuantizationTarget } from './quantize.js';

/** The places where a model that is asked may be, in any format; exactly one is given. */
export const targetSettings = {
  model: ArtifactRef.optional().describe('A model of the registry, on our own library.'),
  gguf: ArtifactRef.optional().describe('GGUF files that a quantize made, in llama.cpp; NAME#gguf/q8_0 finds those of a model.'),
  onnx: ArtifactRef.optional().describe('ONNX graphs that a quantize made, in onnxruntime; NAME#onnx/int4 finds those of a model.'),
  files: ArtifactRef.optional().describe('A GGUF file, or a folder with an ONNX graph, from elsewhere.'),
  hf: ArtifactRef.optional().describe('Folders with packed linears that a quantize made, decoded on our own library; NAME#hf/gptq-int4 finds those of a model.'),
  format: QuantizationTarget.optional().describe('Which of several files.'),
} as const;

/** What their keys refer to. */
export const targetReferences = { model: 'model', gguf: 'gguf', onnx: 'onnx', hf: 'hf', files: 'upload' } as const;

type Given = Readonly<Partial<Record<keyof typeof targetReferences, ArtifactRef | undefined>>>;

export const targetAdapter = ArtifactRef.optional().describe('A LoRA adapter of the model, which stays beside its weights or beside its GGUF file.');

/** Whether an adapter, where one is given, has a target that takes one; which file `files` are is known when they are opened. */
export function adapterFits({ adapter, model, gguf, files }: Readonly<Partial<Record<'adapter' | 'model' | 'gguf' | 'files', ArtifactRef | undefined>>>): boolean {
  return adapter === undefined || [model, gguf, files].some((each) => each !== undefined);
}

/** What `refine` says where it does not. */
export const adapterMisfit = { path: ['adapter'], error: 'expected a model of the registry or a GGUF file beside the adapter; ONNX graphs and packed folders have theirs merged in' };

/**
 * Whether a type of number that was chosen is one that something is computed in: GGUF files and ONNX graphs are computed as they say, and a server as it does. Models
 * beside the target are computed in it too. What `files` are is known when they are opened.
 */
export function dtypeFits({ gguf, onnx, format, address, dtype, against, judge }: Given & { readonly format?: QuantizationTarget | undefined; readonly dtype: string; readonly address?: unknown; readonly against?: unknown; readonly judge?: unknown }): boolean {
  const hasItsOwn = address !== undefined || gguf !== undefined || onnx !== undefined || /^(gguf|onnx)\//.test(format ?? '');
  return !hasItsOwn || dtype !== 'float32' || against !== undefined || judge !== undefined;
}

/** What `refine` says where it is not. */
export const dtypeMisfit = { path: ['dtype'], error: 'expected none beside a GGUF file, an ONNX graph or an address: their runtimes compute as they do' };

/** The target that was given, and its key. */
export function targetOf(given: Given): { readonly key: keyof typeof targetReferences; readonly artifact: ArtifactRef } | undefined {
  const [only, ...others] = (Object.keys(targetReferences) as (keyof typeof targetReferences)[]).flatMap((key) => (given[key] ? [{ key, artifact: given[key] }] : []));
  return others.length === 0 ? only : undefined;
}
