import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError, writeFileAtomically } from './atomic-file.js';
import { configText } from './config-text.js';
import { FileReadError, ModelFolderError } from './errors.js';
import { isPlainObject, jsonText, readJsonFile } from './json-file.js';
import { describeFailure } from './random-access-file.js';
import { weightPacking, type WeightPacking } from './quantization-config.js';
import { QuantizedTensors } from './quantized-tensors.js';
import { openSafetensors, safetensorsIndexName, type SafetensorsSource } from './safetensors-reader.js';
import { writeSafetensors, type SafetensorsEntry } from './safetensors-writer.js';

/** Files beside the weights that a model folder may carry and that are copied with it: the tokenizer and its like. */
export const modelSideFiles: readonly string[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
  'spiece.model',
  'chat_template.jinja',
  'chat_template.json',
];

/** A Hugging Face model folder, opened. */
export interface ModelFolder extends AsyncDisposable {
  readonly path: string;
  /** config.json; without `quantization_config` where `tensors` decodes what it describes. */
  readonly config: Record<string, unknown>;
  /** generation_config.json, where the folder has one. */
  readonly generationConfig: Record<string, unknown> | undefined;
  /** Which of `modelSideFiles` are there. */
  readonly sideFiles: readonly string[];
  readonly tensors: SafetensorsSource;
}

/** Endings of weight files that are refused, and why. */
const foreignWeights: readonly (readonly [RegExp, string])[] = [
  [/\.(?:bin|pt|pth|ckpt|pkl|pickle)$/, 'is a pickle, which runs code when it is opened'],
  [/\.(?:h5|msgpack)$/, 'is in a format of another framework'],
  [/\.gguf$/, 'is a GGUF file: give the file itself instead of its folder'],
  [/\.onnx$/, 'is a finished graph, not trainable weights'],
];

/**
 * Opens a folder with config.json and safetensors weights, single or sharded. Only headers are read. Throws ModelFolderError: no folder, no
 * config, no weights; `model-folder-pickle` for weights that only exist as a pickle, which is never opened. Linears that are packed as GPTQ or
 * compressed-tensors pack integers appear as the float32 weights that they stand for.
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const files = await list(path);
  if (!files.includes('config.json')) {
    throw new ModelFolderError({
      code: 'model-folder-no-config',
      message: `${path} has no config.json; a Hugging Face model folder has one. ${files.includes('adapter_config.json') ? 'This is an adapter: merge it into its base model first.' : ''}`.trim(),
      facts: { path },
    });
  }
  if (!files.includes('model.safetensors') && !files.includes(safetensorsIndexName)) throw noWeights(path, files);
  const written = await readObject(join(path, 'config.json'));
  const packing = weightPacking(written);
  const generationConfig = files.includes('generation_config.json') ? await readObject(join(path, 'generation_config.json')) : undefined;
  const source = await openSafetensors(path);
  const { quantization_config: _, ...unpacked } = written;
  const [config, tensors] = packing === undefined ? [written, source] : [unpacked, await decoding(source, packing)];
  return {
    path,
    config,
    generationConfig,
    sideFiles: modelSideFiles.filter((name) => files.includes(name)),
    tensors,
    [Symbol.asyncDispose]: () => tensors.close(),
  };
}

async function decoding(source: SafetensorsSource, packing: WeightPacking): Promise<SafetensorsSource> {
  try {
    return await QuantizedTensors.open(source, packing);
  } catch (error) {
    await source.close();
    throw error;
  }
}

export interface ModelFolderContent {
  readonly config: Readonly<Record<string, unknown>>;
  readonly generationConfig?: Readonly<Record<string, unknown>> | undefined;
  /** Further files by plain name: text and bytes as they are, objects as JSON. */
  readonly files?: Readonly<Record<string, string | Uint8Array | Readonly<Record<string, unknown>>>>;
  readonly tensors: AsyncIterable<SafetensorsEntry> | Iterable<SafetensorsEntry>;
  readonly maxShardBytes?: number;
}

/**
 * Writes a Hugging Face model folder. config.json comes last, so that a folder that has one is whole. Throws FileWriteError (`disk-full`)
 * where the disk refuses.
 */
export async function writeModelFolder(path: string, { tensors, maxShardBytes, ...rest }: ModelFolderContent): Promise<void> {
  await makeFolder(path);
  await writeSafetensors(join(path, 'model.safetensors'), tensors, maxShardBytes === undefined ? {} : { maxShardBytes });
  await writeModelFiles(path, rest);
}

/** Everything of a model folder but its weights, which are there: config.json last, so that a folder that has one is whole. Throws FileWriteError. */
export async function writeModelFiles(path: string, { config, generationConfig, files = {} }: Omit<ModelFolderContent, 'tensors' | 'maxShardBytes'>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) {
      throw new ModelFolderError({ code: 'model-folder-bad-name', message: `Expected a plain file name, got ${JSON.stringify(name)}.`, facts: { path, name } });
    }
    const whole = typeof content === 'string' || content instanceof Uint8Array ? content : jsonText(content);
    await writeFileAtomically(join(path, name), whole);
  }
  if (generationConfig) await writeFileAtomically(join(path, 'generation_config.json'), jsonText(generationConfig));
  await writeFileAtomically(join(path, 'config.json'), configText(config));
}

/** Reads those of `names` that the folder has, as bytes. */
export async function readSideFiles(path: string, names: readonly string[]): Promise<Record<string, Uint8Array>> {
  const entries = names.map(async (name) => {
    try {
      return [name, new Uint8Array(await readFile(join(path, name)))] as const;
    } catch (cause) {
      throw new FileReadError({ code: 'file-unreadable', message: `Cannot read ${join(path, name)}: ${describeFailure(cause)}.`, facts: { path, name }, cause });
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}

export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw writeError(path, cause);
  }
}

export async function readObject(path: string): Promise<Record<string, unknown>> {
  const value = await readJsonFile(path);
  if (isPlainObject(value)) return value;
  throw new ModelFolderError({ code: 'model-folder-bad-json', message: `${path} must hold a JSON object.`, facts: { path } });
}

async function list(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    throw new ModelFolderError({ code: 'model-folder-unreadable', message: `Cannot read the model folder ${path}: ${describeFailure(cause)}.`, facts: { path }, cause });
  }
}

function noWeights(path: string, files: readonly string[]): ModelFolderError {
  for (const [pattern, reason] of foreignWeights) {
    const file = files.find((name) => pattern.test(name));
    if (!file) continue;
    const pickle = reason.includes('pickle');
    return new ModelFolderError({
      code: pickle ? 'model-folder-pickle' : 'model-folder-foreign-weights',
      message:
        `${join(path, file)} ${reason}. Safetensors weights are needed.` +
        (pickle ? ' If you trust the file, load it with transformers and save it with model.save_pretrained(FOLDER, safe_serialization=True), then give that folder.' : ''),
      facts: { path, file },
    });
  }
  return new ModelFolderError({
    code: 'model-folder-no-weights',
    message: `${path} has neither model.safetensors nor ${safetensorsIndexName}.${otherSafetensors(files)}`,
    facts: { path, files: files.slice(0, 50) },
  });
}

function otherSafetensors(files: readonly string[]): string {
  const found = files.filter((name) => name.endsWith('.safetensors'));
  if (found.length === 0) return '';
  const shards = found.some((name) => /-\d{5}-of-\d{5}\.safetensors$/.test(name));
  const named = `It has ${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}`;
  return shards ? ` ${named}: fetch the ${safetensorsIndexName} that was published with them.` : ` ${named}: where that holds the weights under their Hugging Face names, rename it to model.safetensors.`;
}
