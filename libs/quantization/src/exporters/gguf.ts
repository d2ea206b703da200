import { GgufWriter, type GgufTensorPlan, type GgufValue } from '@tunesmith/checkpoints';
import { ggufShape, type ModelFamily, type WeightName } from '@tunesmith/models';
import { scope, tensor, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { meanSquares, type ImportanceMatrix } from '../importance/importance-matrix.js';
import { QuantizationError } from '../quantization-error.js';
import { f32 } from '../schemes/f32.js';
import { encodeGgufRows, type GgufScheme } from '../schemes/gguf-scheme.js';
import { countFallbacks, type FileContent } from './file-content.js';
import { chooseSchemes, type MixedModel } from './gguf/choose-schemes.js';
import { CompensatedLayers, type Compensation } from './gguf/compensated-layers.js';
import type { GgufFileType } from './gguf/file-types.js';
import { tokenizerMetadata } from './gguf/tokenizer-metadata.js';
import { weightPieces } from './gguf/weight-pieces.js';
import type { CalibrationBudget } from './hf/calibration-budget.js';
import type { SourceModel } from './source-model.js';

/** Says which revision of ggml's block layouts the file uses; 2 since 2023. */
const quantizationVersion = 2;

/** What errors are weighed by. */
export interface GgufCare {
  /** Of a matrix that says how much goes through each column. */
  readonly importance?: ImportanceMatrix | undefined;
  /** The linears of layers are rounded so that their columns make up for each other's errors; what that leaves out, by `importance`. */
  readonly compensation?: Compensation | undefined;
}

/** A file that was written. */
export interface GgufFile {
  readonly content: FileContent;
  /** With compensation: of its layers, those that an earlier attempt had done, and what reading the rows took. */
  readonly resumedLayers?: number;
  readonly calibration?: CalibrationBudget;
}

/**
 * Writes a model as one GGUF file that llama.cpp loads, in one pass over its weights, a few megabytes at a time. Which tensor gets which type: `chooseSchemes`. With
 * an importance matrix errors weigh as much as what is multiplied with them. With compensation the model first reads rows, a layer at a time, and what is done is kept as `exportHf` does.
 * Throws QuantizationError for families, weights or tokenizers that the format cannot hold, `importance-wrong-size` for a matrix of another model, and for rows that are too few.
 */
export async function exportGguf(model: SourceModel, fileType: GgufFileType, path: string, context: WorkContext, { importance, compensation }: GgufCare = {}): Promise<GgufFile> {
  const { signal, onProgress } = context;
  const { family, config } = model;
  const architecture = architectureOf(family);
  const weights = family.weights.tensors(config).filter(({ huggingFace, optional }) => optional !== true || model.weights.has(huggingFace));
  const derived = family.weights.gguf.derivedTensors(config);
  // A stacked tensor stands once in the file; its parts come one after another.
  const toWrite = weights.filter(({ stack }) => !stack || stack.index === 0).map((weight) => ({ name: weight.gguf, shape: ggufShape(weight) }));
  const metadata = metadataOf(model, architecture, weights, fileType);
  const { schemes, fallbacks } = chooseSchemes(fileType, toWrite, mixedModel(architecture, metadata, importance !== undefined || compensation !== undefined));
  await using compensated = compensation && (await CompensatedLayers.work(model, schemes, { name: `gguf/${fileType.name}`, path }, compensation, context));
  const tensors: GgufTensorPlan[] = [
    ...toWrite.map(({ name, shape }) => ({ name, type: schemes.get(name)!.gguf.type, shape })),
    ...derived.map(({ name, values }) => ({ name, type: 'F32', shape: [values.length] })),
  ];
  const total = toWrite.reduce((sum, { shape }) => sum + elements(shape), 0);
  let done = 0;
  await using writer = await GgufWriter.create(path, { metadata, tensors });
  let writing = Promise.resolve();
  for await (const { bytes, count } of encodedPieces(model, weights, schemes, importance, compensated)) {
    signal.throwIfAborted();
    // The disk takes one piece while the next is encoded.
    await writing;
    writing = writer.append(bytes);
    writing.catch(() => undefined);
    done += count;
    onProgress({ phase: `writing gguf/${fileType.name}`, done, total, unit: 'weights' });
  }
  await writing;
  for (const { values } of derived) await writer.append(scope(() => encodeGgufRows(f32, tensor(values, { dtype: 'float32', shape: [1, values.length] }), { tensor: 'a derived tensor', firstRow: 0 })));
  await writer.finish();
  const content = { types: countTypes(tensors), fallbacks: countFallbacks(fallbacks) };
  if (!compensated) return { content };
  await compensated.finish();
  const inBlocks = weights.filter(({ gguf }) => schemes.get(gguf)!.blockElements > 1);
  const others = [...new Set(inBlocks.filter((weight) => !compensated.has(weight)).map(({ gguf }) => gguf))];
  return { content: { ...content, compensated: { tensors: new Set(inBlocks.map(({ gguf }) => gguf)).size - others.length, others } }, resumedLayers: compensated.resumedLayers, calibration: compensated.budget };
}

/** All weights in order, as the file has them, and how many numbers each piece is of. */
async function* encodedPieces(model: SourceModel, weights: readonly WeightName[], schemes: ReadonlyMap<string, GgufScheme>, importance: ImportanceMatrix | undefined, compensated: CompensatedLayers | undefined): AsyncGenerator<{ bytes: Uint8Array; count: number }> {
  for (let [start, end] = [0, 0]; start < weights.length; start = end) {
    const first = weights[start]!;
    end = start + 1;
    if (compensated?.has(first) === true) {
      yield { bytes: await compensated.blocksOf(first), count: elements(first.shape) };
      continue;
    }
    while (end < weights.length && compensated?.has(weights[end]!) !== true) end += 1;
    for await (const { weight, firstRow, values } of weightPieces(model.weights, weights.slice(start, end))) {
      yield scope(() => {
        const rows = values();
        return { bytes: encodeGgufRows(schemes.get(weight.gguf)!, rows, { tensor: weight.huggingFace, firstRow }, importanceOf(weight, importance)), count: rows.size };
      });
    }
  }
}

/** Throws QuantizationError `family-without-architecture`. */
export function architectureOf({ name, weights }: ModelFamily): string {
  const { architecture } = weights.gguf;
  if (architecture !== null) return architecture;
  throw new QuantizationError({
    code: 'family-without-architecture',
    message: `llama.cpp has no architecture for the family ${name}, so no GGUF file of it could be loaded. Keep its Hugging Face folder.`,
    facts: { family: name },
  });
}

function metadataOf(model: SourceModel, architecture: string, weights: readonly WeightName[], fileType: GgufFileType): Map<string, GgufValue> {
  const { gguf } = model.family.weights;
  const rows = weights.find(({ gguf: name }) => name === 'token_embd.weight')!.shape[0]!;
  const tokenizer = tokenizerMetadata(model, rows);
  return new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: harmlessName(model.name, tokenizer.get('tokenizer.ggml.tokens')) }],
    ...Object.entries(gguf.metadataFromConfig(model.config)),
    ['general.file_type', { type: 'uint32', value: fileType.number }],
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

/** The same keys as llama.cpp's quantizer looks at. */
function mixedModel(architecture: string, metadata: ReadonlyMap<string, GgufValue>, importance: boolean): MixedModel {
  const number = (key: string, absent: number) => {
    const value = metadata.get(`${architecture}.${key}`)?.value;
    return typeof value === 'number' ? value : absent;
  };
  const heads = number('attention.head_count', 1);
  return { architecture, layers: number('block_count', 1), heads, keyValueHeads: number('attention.head_count_kv', heads), experts: number('expert_count', 0), importance };
}

/** How much each column of a weight matters; undefined where nothing is known of it. */
function importanceOf({ gguf, shape, stack }: WeightName, importance: ImportanceMatrix | undefined): Tensor | undefined {
  const statistics = shape.length > 1 ? importance?.get(gguf) : undefined;
  if (statistics === undefined) return undefined;
  const columns = shape.at(-1)!;
  const matrices = stack?.count ?? 1;
  if (statistics.sums.length !== columns * matrices || statistics.counts.length !== matrices) {
    throw new QuantizationError({
      code: 'importance-wrong-size',
      message: `the importance matrix has ${statistics.sums.length} numbers for ${gguf}; this model's has ${matrices === 1 ? '' : `${matrices} matrices of `}${columns} columns. Use one that was made with this model.`,
      facts: { tensor: gguf, columns, matrices, numbers: statistics.sums.length },
    });
  }
  const index = stack?.index ?? 0;
  return tensor(meanSquares(statistics).subarray(index * columns, (index + 1) * columns), { dtype: 'float32' });
}

function countTypes(tensors: readonly GgufTensorPlan[]): Record<string, number> {
  const types: Record<string, number> = {};
  for (const { type } of tensors) types[type] = (types[type] ?? 0) + 1;
  return types;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
