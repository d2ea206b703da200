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

/** Whether an adapter, where one is given, has its model beside it. */
export function adapterFits({ adapter, model }: Readonly<Partial<Record<'adapter' | 'model', ArtifactRef | undefined>>>): boolean {
  return adapter === undefined || model !== undefined;
}

/** The target that was given, and its key. */
export function targetOf(given: Given): { readonly key: keyof typeof targetReferences; readonly artifact: ArtifactRef } | undefined {
  const [only, ...others] = (Object.keys(targetReferences) as (keyof typeof targetReferences)[]).flatMap((key) => (given[key] ? [{ key, artifact: given[key] }] : []));
  return others.length === 0 ? only : undefined;
}
