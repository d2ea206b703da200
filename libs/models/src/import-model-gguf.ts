import {
  dequantizableGgufTypes,
  dequantizeGgufToBfloat16,
  elementCount,
  openGguf,
  writeModelFolder,
  type GgufSource,
  type SafetensorsEntry,
} from '@tunesmith/checkpoints';
import { tokenizerFilesFromGguf, type RebuiltTokenizer } from '@tunesmith/tokenizers';
import { fromBytes, ops, scope, type WorkContext } from '@tunesmith/tensor';
import { ModelWeightsError } from './check-weights.js';
import { ggufModelConfig } from './gguf-model-config.js';
import { ImportModelError } from './import-model-error.js';
import { ImportProgress } from './import-model-progress.js';
import { movedRows } from './import-model-rows.js';
import type { ImportedModel } from './import-model.js';
import { ggufShape, type ModelFamily, type WeightName } from './model-family.js';
import { storedShape } from './published-tensors.js';

/** As `importModel`, for a GGUF file (the first one of a set). Weights are decoded tensor by tensor and written as bfloat16. */
export async function importModelGguf(path: string, outFolder: string, context: WorkContext): Promise<ImportedModel> {
  await using source = await openGguf(path);
  const { metadata } = source;
  const kind = metadata.optionalString('general.type') ?? 'model';
  if (kind !== 'model') {
    throw new ImportModelError({ code: 'import-not-a-model', message: `${path} holds a ${kind} (general.type), not a model. Give the model that it belongs to.`, facts: { path, kind } });
  }
  const { family, config: architectureConfig } = await ggufModelConfig(source);
  const tokenizer = tokenizerFilesFromGguf(metadata);
  const configJson = completeConfig(architectureConfig, tokenizer);
  const config = family.parseConfig(configJson);
  const weights = checkTensors(family, config, source, path);
  checkVocabulary(architectureConfig.vocab_size, tokenizer.vocabularySize, path);

  const bytes = weights.reduce((sum, { shape }) => sum + elementCount(shape) * 2, 0);
  const progress = new ImportProgress(path, bytes, context);
  const readStored = storedReader(source);
  const tensors = weights.map((weight): SafetensorsEntry => ({
    name: weight.huggingFace,
    dtype: 'BF16',
    shape: storedShape(weight),
    bytes: () => progress.tensor(weight.gguf, 'BF16', async () => decode(weight, source.info(weight.gguf).dtype, await readStored(weight))),
  }));
  await writeModelFolder(outFolder, {
    config: configJson,
    generationConfig: tokenizer['generation_config.json'],
    files: {
      'tokenizer.json': tokenizer['tokenizer.json'],
      'tokenizer_config.json': tokenizer['tokenizer_config.json'],
      ...(tokenizer.chatTemplate === undefined ? {} : { 'chat_template.jinja': tokenizer.chatTemplate }),
    },
    tensors,
  });
  const parameters = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { format: 'gguf', family: family.name, parameters, tensors: weights.length, bytes, vocabularySize: tokenizer.vocabularySize };
}

/** What the family's configuration leaves open: the type of the weights and the token ids. */
function completeConfig(config: Record<string, unknown>, { bosTokenId, eosTokenIds, padTokenId }: RebuiltTokenizer): Record<string, unknown> {
  return {
    ...config,
    torch_dtype: 'bfloat16',
    dtype: 'bfloat16',
    ...(bosTokenId === undefined ? {} : { bos_token_id: bosTokenId }),
    ...(eosTokenIds.length === 0 ? {} : { eos_token_id: eosTokenIds.length === 1 ? eosTokenIds[0] : eosTokenIds }),
    ...(padTokenId === undefined ? {} : { pad_token_id: padTokenId }),
  };
}

/** Every tensor of the configuration must be there in its shape and in a type that can be decoded, and no other. */
function checkTensors(family: ModelFamily, config: unknown, source: GgufSource, path: string): WeightName[] {
  const expected = family.weights.tensors(config);
  const derived = family.weights.gguf.derivedTensors(config).map(({ name }) => name);
  const known = new Set([...expected.map(({ gguf }) => gguf), ...derived]);
  const problems: string[] = [];
  const text = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  for (const weight of expected) {
    const { gguf, optional, stack } = weight;
    if (stack && stack.index > 0) continue; // said of the first part
    const shape = ggufShape(weight);
    if (!source.has(gguf)) {
      if (!optional) problems.push(`${gguf} is missing, expected ${text(shape)}`);
      continue;
    }
    const found = source.info(gguf);
    if (text(found.shape) !== text(shape)) problems.push(`${gguf} is ${text(found.shape)}, expected ${text(shape)}`);
    if (!dequantizableGgufTypes.includes(found.dtype)) problems.push(`${gguf} is of type ${found.dtype}, which cannot be decoded (${dequantizableGgufTypes.join(', ')} can)`);
  }
  const ignored = family.weights.gguf.ignored ?? [];
  for (const name of source.names()) if (!known.has(name) && !ignored.some(({ pattern }) => pattern.test(name))) problems.push(`${name} ${text(source.info(name).shape)} is not a part of this model`);
  if (problems.length === 0) return expected.filter(({ gguf }) => source.has(gguf));
  throw new ModelWeightsError({
    message: `The tensors in ${path} are not those of its ${family.name} configuration: ${problems.slice(0, 8).join('; ')}${problems.length > 8 ? `; and ${problems.length - 8} more` : ''}.`,
    code: 'model-weights-mismatch',
    facts: { where: path, problems },
  });
}

/** The embedding may have rows that no token uses; a token without a row is an error. */
export function checkVocabulary(rows: unknown, tokens: number, path: string): void {
  if (typeof rows === 'number' && tokens <= rows) return;
  throw new ImportModelError({
    code: 'import-vocabulary-mismatch',
    message: `${path}: the tokenizer has ${tokens} tokens, but the model's vocab_size is ${String(rows)}. Tokenizer and weights come from different models: take the tokenizer that belongs to the weights, or give the embedding a row for each token.`,
    facts: { path, tokens, rows },
  });
}

/** Reads weights as stored. A stacked tensor stays at hand until another is asked for, because its parts are asked for one after another. */
function storedReader(source: GgufSource): (weight: WeightName) => Promise<Uint8Array> {
  let last: { name: string; bytes: Uint8Array } | undefined;
  return async ({ gguf, stack }) => {
    if (!stack) return source.read(gguf);
    if (last?.name !== gguf) last = { name: gguf, bytes: await source.read(gguf) };
    const size = last.bytes.byteLength / stack.count;
    // A copy, so that views of any element size are aligned.
    return last.bytes.slice(stack.index * size, (stack.index + 1) * size);
  };
}

function decode({ shape, transform, stored: layout }: WeightName, dtype: string, stored: Uint8Array): Uint8Array {
  const rows = movedRows(stored, shape[0]!, transform);
  const values = dequantizeGgufToBfloat16(dtype, rows, elementCount(shape), transform?.kind === 'plus-one' ? subtractOne : undefined);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return layout === 'transposed' ? transposed(bytes, shape) : bytes;
}

/** A bfloat16 matrix of this shape, the other way round. */
function transposed(bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  return scope(() => ops.t(fromBytes(bytes, { shape, dtype: 'bfloat16' })).toBytes());
}

/** In float32, before rounding: a small weight beside the one would lose its digits in bfloat16. */
function subtractOne(values: Float32Array): void {
  for (let i = 0; i < values.length; i += 1) values[i] = values[i]! - 1;
}
