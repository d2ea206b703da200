import { openGguf, readJsonFile } from '@tunesmith/checkpoints';
import type { TokenModel } from '@tunesmith/generation';
import { ChatTemplate, Tokenizer, tokenizerFilesFromGguf } from '@tunesmith/tokenizers';
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import { QuantizationError } from '../quantization-error.js';
import { findTarget } from '../quantization-targets.js';
import { graphPath } from '../exporters/onnx/graph-path.js';
import { openGgufRuntime } from './llama-cpp-runtime.js';
import { openOnnxRuntime } from './onnx-runtime.js';
import { RuntimeModel, type RuntimeModelParts } from './runtime-model.js';

export interface OpenQuantizedModelOptions {
  /** Which of several files, such as `gguf/q8_0`; without it, the only one. */
  readonly format?: string | undefined;
  readonly threads?: number;
  readonly signal: AbortSignal;
}

/** Keys and values of so many tokens are made room for at once; models that read more are given this much. */
const longestContext = 8192;

/**
 * Opens a GGUF file in llama.cpp or an ONNX graph in onnxruntime, on the CPU. `path` is a file, or a folder with some: what `quantize` wrote, or a folder
 * that transformers.js reads.
 *
 * Throws QuantizationError `quantized-file-missing`, `quantized-file-ambiguous`, `file-refused-by-runtime`; what reading the tokenizer throws.
 */
export async function openQuantizedModel(path: string, { format, threads = threadsOfProcess(), signal }: OpenQuantizedModelOptions): Promise<TokenModel> {
  const { file, ...parts } = await readQuantizedModel(path, format);
  const open = file.endsWith('.gguf') ? openGgufRuntime : openOnnxRuntime;
  return new RuntimeModel(await open(file, { contextSize: parts.contextLength, threads, signal }), parts);
}

/** All of it but the weights. */
export async function readQuantizedModel(path: string, format?: string): Promise<RuntimeModelParts & { readonly file: string; readonly format: ChatTemplate | undefined }> {
  const file = await quantizedFile(path, format);
  return { file, ...(await (file.endsWith('.gguf') ? readGguf(file) : readOnnx(file))) };
}

async function readGguf(path: string): Promise<RuntimeModelParts & { readonly format: ChatTemplate | undefined }> {
  await using source = await openGguf(path);
  const files = tokenizerFilesFromGguf(source.metadata);
  const tokenizer = Tokenizer.fromFiles({ tokenizer: files['tokenizer.json'], tokenizerConfig: files['tokenizer_config.json'], generationConfig: files['generation_config.json'] }, path);
  const format = files.chatTemplate === undefined ? undefined : new ChatTemplate(files.chatTemplate, { specialTokens: tokenizer.specialTokens });
  const trained = source.metadata.optionalNumber(`${source.metadata.optionalString('general.architecture')}.context_length`) ?? longestContext;
  return { folder: path, tokenizer, format, contextLength: Math.min(trained, longestContext) };
}

async function readOnnx(path: string): Promise<RuntimeModelParts & { readonly format: ChatTemplate | undefined }> {
  // transformers.js has graphs in a folder below the tokenizer's.
  const folder = basename(dirname(path)) === 'onnx' ? dirname(dirname(path)) : dirname(path);
  const config = (await readJsonFile(join(folder, 'config.json'))) as Record<string, unknown>;
  const trained = config['max_position_embeddings'] ?? config['n_positions'];
  const contextLength = Math.min(typeof trained === 'number' ? trained : longestContext, longestContext);
  return { folder, tokenizer: await Tokenizer.fromFolder(folder), format: await ChatTemplate.fromFolder(folder), contextLength };
}

/** The file that is meant: the path itself, else the file of the format in the folder, else the only one there. */
export async function quantizedFile(path: string, format?: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return path;
  const files = (await readdir(path, { recursive: true })).filter((file) => /\.(gguf|onnx)$/.test(file) && !isBeside(file)).map((file) => file.split(sep).join('/')).sort();
  const wanted = format === undefined ? undefined : fileOf(format);
  const found = wanted === undefined ? files : files.filter((file) => file === wanted);
  if (found.length === 1) return join(path, found[0]!);
  const facts = { path, format: format ?? null, files };
  const named = files.length > 0 ? files.slice(0, 10).join(', ') : 'no .gguf and no .onnx file';
  if (found.length === 0) throw new QuantizationError({ code: 'quantized-file-missing', message: `expected ${wanted ?? 'a .gguf or .onnx file'} in ${path}; it has ${named}`, facts });
  throw new QuantizationError({ code: 'quantized-file-ambiguous', message: `expected one file in ${path}; it has ${named}. Say which by its format, such as gguf/q8_0 for model-q8_0.gguf.`, facts });
}

/** Where `quantize` writes a format. */
function fileOf(format: string): string {
  const target = findTarget(format);
  if (target.kind === 'hf') throw new QuantizationError({ code: 'quantized-file-missing', message: `expected a format of GGUF files or ONNX graphs; got ${format}, whose folder is a model itself`, facts: { format } });
  return target.kind === 'gguf' ? `model-${target.fileType.name}.gguf` : graphPath('model', target.dataType);
}

/** What lies beside models: the importance matrix and the adapter of GGUF files, and the encoder of a decoder's graph. */
function isBeside(file: string): boolean {
  return /(^|[/\\])(imatrix\.gguf|adapter-[^/\\]*\.gguf|encoder_model[^/\\]*\.onnx)$/.test(file);
}

/** What a worker's compute threads are limited to, else all cores but one: threads of runtimes spin while they wait for each other. */
function threadsOfProcess(): number {
  return Number(process.env['OMP_NUM_THREADS']) || Math.max(1, availableParallelism() - 1);
}
