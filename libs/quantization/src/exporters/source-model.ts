import { readJsonFile, readModelFolder } from '@tunesmith/checkpoints';
import { familyFor, publishedTensors, type ModelFamily } from '@tunesmith/models';
import { templateOf } from '@tunesmith/tokenizers';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WeightReader } from './weight-reader.js';

/** A Hugging Face folder, opened for being written in another format. */
export interface SourceModel extends AsyncDisposable {
  readonly path: string;
  /** What the files call the model. */
  readonly name: string;
  readonly family: ModelFamily;
  /** As the family reads it. */
  readonly config: unknown;
  readonly configJson: Readonly<Record<string, unknown>>;
  readonly generationConfig: Readonly<Record<string, unknown>>;
  /** tokenizer.json; undefined where the folder has none. */
  readonly tokenizer: unknown;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  readonly chatTemplate: string | undefined;
  /** Names of the tokenizer's files. */
  readonly sideFiles: readonly string[];
  readonly weights: WeightReader;
  /** Paths of the files that hold them. */
  readonly weightFiles: readonly string[];
}

const JsonObject = z.record(z.string(), z.unknown());

/** Throws what the folder's readers throw. */
export async function openSourceModel(path: string): Promise<SourceModel> {
  const folder = await readModelFolder(path);
  try {
    const family = familyFor(folder.config);
    const tokenizerConfig = folder.sideFiles.includes('tokenizer_config.json') ? JsonObject.parse(await readJsonFile(join(path, 'tokenizer_config.json'))) : {};
    return {
      path,
      name: nameOf(folder.config) ?? family.name,
      family,
      config: family.parseConfig(folder.config),
      configJson: folder.config,
      generationConfig: folder.generationConfig ?? {},
      tokenizer: folder.sideFiles.includes('tokenizer.json') ? await readJsonFile(join(path, 'tokenizer.json')) : undefined,
      tokenizerConfig,
      chatTemplate: await chatTemplateOf(path, tokenizerConfig),
      sideFiles: folder.sideFiles,
      weights: new WeightReader(publishedTensors(folder.config, folder.tensors)),
      weightFiles: folder.tensors.files,
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

function nameOf(config: Readonly<Record<string, unknown>>): string | undefined {
  const name = config['_name_or_path'];
  // A path says where a model lay once, not what it is.
  return typeof name === 'string' && /^[\w .-]+(?:\/[\w .-]+)?$/.test(name) ? name : undefined;
}

async function chatTemplateOf(path: string, tokenizerConfig: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  // The file wins, as in transformers.
  const file = join(path, 'chat_template.jinja');
  if (existsSync(file)) return readFile(file, 'utf8');
  return templateOf(tokenizerConfig['chat_template']);
}
