import { writeGguf, type GgufTensorPlan, type GgufValue } from '@tunesmith/checkpoints';
import { ggufShape, type ModelFamily, type WeightName } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { QuantizationError } from '../quantization-error.js';
import { checkRowLength, encodeRows, type QuantizationScheme } from '../schemes/quantization-scheme.js';
import { f32 } from '../schemes/f32.js';
import { toGgufLayout, transposed } from './gguf/gguf-layout.js';
import { tokenizerMetadata } from './gguf/tokenizer-metadata.js';
import type { SourceModel } from './source-model.js';

/** Says which revision of ggml's block layouts the file uses; 2 since 2023. */
const quantizationVersion = 2;

/**
 * Writes a model as one GGUF file that llama.cpp loads, tensor by tensor. Matrices are encoded by `scheme`; vectors stay F32, as llama.cpp wants them.
 * The output head, or the embedding that serves as one, may have a finer scheme of its own.
 * Throws QuantizationError for families, weights or tokenizers that the format cannot hold.
 */
export async function exportGguf(model: SourceModel, scheme: QuantizationScheme, path: string, { signal, onProgress }: WorkContext): Promise<void> {
  const { family, config } = model;
  const architecture = architectureOf(family);
  const weights = family.weights.tensors(config).filter(({ huggingFace, optional }) => optional !== true || model.weights.has(huggingFace));
  const derived = family.weights.gguf.derivedTensors(config);
  const schemeOf = chooseSchemes(weights, scheme);
  for (const weight of weights) checkRowLength(schemeOf(weight), weight.shape.at(-1)!, weight.huggingFace);
  const tensors: GgufTensorPlan[] = [
    // A stacked tensor is written once, when its first part comes.
    ...weights.filter(({ stack }) => !stack || stack.index === 0).map((weight) => ({ name: weight.gguf, type: ggufOf(schemeOf(weight)).type, shape: ggufShape(weight) })),
    ...derived.map(({ name, values }) => ({ name, type: 'F32', shape: [values.length] })),
  ];
  const total = weights.reduce((sum, { shape }) => sum + elements(shape), 0);
  let done = 0;
  async function* data(): AsyncGenerator<Uint8Array> {
    let parts: Uint8Array[] = [];
    for (const weight of weights) {
      signal.throwIfAborted();
      parts.push(await encodeTensor(model, weight, schemeOf(weight)));
      if (weight.stack && weight.stack.index + 1 < weight.stack.count) continue;
      yield parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      parts = [];
      done += elements(ggufShape(weight));
      onProgress({ phase: `writing gguf/${scheme.name}`, done, total, unit: 'weights' });
    }
    for (const { values } of derived) yield f32.encode(values)[0]!;
  }
  await writeGguf(path, { metadata: metadataOf(model, architecture, weights, scheme), tensors }, data());
}

function architectureOf({ name, weights }: ModelFamily): string {
  const { architecture } = weights.gguf;
  if (architecture !== null) return architecture;
  throw new QuantizationError({
    code: 'family-without-architecture',
    message: `llama.cpp has no architecture for the family ${name}, so no GGUF file of it could be loaded. Keep its Hugging Face folder.`,
    facts: { family: name },
  });
}

function metadataOf(model: SourceModel, architecture: string, weights: readonly WeightName[], scheme: QuantizationScheme): Map<string, GgufValue> {
  const { gguf } = model.family.weights;
  const rows = weights.find(({ gguf: name }) => name === 'token_embd.weight')!.shape[0]!;
  const tokenizer = tokenizerMetadata(model, rows);
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: harmlessName(model.name, tokenizer.get('tokenizer.ggml.tokens')) }],
    ...Object.entries(gguf.metadataFromConfig(model.config)),
    ['general.file_type', { type: 'uint32', value: ggufOf(scheme).fileType }],
    ['general.quantization_version', { type: 'uint32', value: quantizationVersion }],
    ...tokenizer,
  ]);
}

/** llama.cpp looks for these tokens in every model that is called Phi-3, and does not load it without them. */
const phi3Tokens = ['</s>', '<unk>', '<s>', '<|endoftext|>'];

function harmlessName(name: string, tokens: GgufValue | undefined): string {
  if (!/phi-?3/i.test(name)) return name;
  const known = new Set<unknown>(tokens?.type === 'array' && tokens.elementType === 'string' ? tokens.value : []);
  return phi3Tokens.every((token) => known.has(token)) ? name : 'model';
}

function chooseSchemes(weights: readonly WeightName[], scheme: QuantizationScheme): (weight: WeightName) => QuantizationScheme {
  const head = weights.some(({ gguf }) => gguf === 'output.weight') ? 'output.weight' : 'token_embd.weight';
  return ({ gguf, shape, keepFloat }) => {
    if (shape.length < 2 || keepFloat === true) return f32;
    return gguf === head ? (ggufOf(scheme).head ?? scheme) : scheme;
  };
}

async function encodeTensor({ weights }: SourceModel, weight: WeightName, scheme: QuantizationScheme): Promise<Uint8Array> {
  const { huggingFace, shape, transform, stored } = weight;
  const rowLength = shape.at(-1)!;
  if (transform !== undefined || stored !== undefined) {
    const values = stored === 'transposed' ? transposed(await weights.values(huggingFace, shape.toReversed()), shape) : await weights.values(huggingFace, shape);
    return encodeRows(scheme, toGgufLayout(values, shape, transform), rowLength, huggingFace)[0]!;
  }
  const bytes = new Uint8Array((elements(shape) / scheme.blockElements) * scheme.planes[0]!.bytesPerBlock);
  let filled = 0;
  for await (const piece of weights.rows(huggingFace, shape)) {
    const [encoded] = encodeRows(scheme, piece, rowLength, huggingFace);
    bytes.set(encoded!, filled);
    filled += encoded!.length;
  }
  return bytes;
}

function ggufOf({ name, gguf }: QuantizationScheme): NonNullable<QuantizationScheme['gguf']> {
  if (gguf === undefined) throw new Error(`scheme ${name} is not one of GGUF`);
  return gguf;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
