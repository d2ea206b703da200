import { dequantizableGgufTypes, openGguf, type GgufSource } from '@tunesmith/checkpoints';
import { tokenizerFilesFromGguf, type RebuiltTokenizer } from '@tunesmith/tokenizers';
import { ModelWeightsError } from './check-weights.js';
import { ggufModelConfig } from './gguf-model-config.js';
import { ImportModelError } from './import-model-error.js';
import { movedRows } from './import-model-rows.js';
import { ggufShape, type ModelFamily, type WeightName } from './model-family.js';

/** A GGUF file of a known family, opened and checked. */
export interface GgufModel extends AsyncDisposable {
  readonly family: ModelFamily;
  /** As a published config.json. */
  readonly configJson: Record<string, unknown>;
  readonly tokenizer: RebuiltTokenizer;
  /** Those that the file has. */
  readonly weights: readonly WeightName[];
  /** A weight as it is stored, its rows in our order, and the type that it is stored in. Parts of a stack are best asked for one after another. */
  stored(weight: WeightName): Promise<{ readonly bytes: Uint8Array; readonly dtype: string }>;
}

/** Opens the file (the first one of a set); no weight is read. Throws ImportModelError, ModelConfigError, ModelWeightsError, and what the readers of GGUF and tokenizers throw. */
export async function openGgufModel(path: string): Promise<GgufModel> {
  const source = await openGguf(path);
  try {
    const { metadata } = source;
    const kind = metadata.optionalString('general.type') ?? 'model';
    if (kind !== 'model') {
      throw new ImportModelError({ code: 'import-not-a-model', message: `${path} holds a ${kind} (general.type), not a model. Give the model that it belongs to.`, facts: { path, kind } });
    }
    const { family, config: architectureConfig } = await ggufModelConfig(source);
    const tokenizer = tokenizerFilesFromGguf(metadata);
    const configJson = completeConfig(architectureConfig, tokenizer);
    const weights = checkTensors(family, family.parseConfig(configJson), source, path);
    checkVocabulary(architectureConfig['vocab_size'], tokenizer.vocabularySize, path);
    const readStored = storedReader(source);
    return {
      family,
      configJson,
      tokenizer,
      weights,
      stored: async (weight) => ({ bytes: movedRows(await readStored(weight), weight.shape[0]!, weight.transform), dtype: source.info(weight.gguf).dtype }),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
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
