import { readJsonFile } from '@tunesmith/checkpoints';
import { loadForInference, ownModel, type TokenModel } from '@tunesmith/generation';
import { conversationFormat, ggufConversation } from '@tunesmith/models';
import { ChatTemplate, SourceTargetFormat, Tokenizer } from '@tunesmith/tokenizers';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ggufAdapterBeside, type FileAdapter } from '../exporters/gguf-adapter-beside.js';
import { QuantizationError } from '../quantization-error.js';
import { openGgufRuntime } from './llama-cpp-runtime.js';
import { loadPackedFolder } from './load-packed-folder.js';
import { hasEncoderBeside } from './onnx-encoder-decoder.js';
import { openOnnxRuntime } from './onnx-runtime.js';
import { quantizedFile } from './quantized-file.js';
import { RuntimeModel, type RuntimeModelParts } from './runtime-model.js';

export interface OpenQuantizedModelOptions {
  /** Which of several files, such as `gguf/q8_0`; without it, the only one. */
  readonly format?: string | undefined;
  /** What packed linears are decoded into and computed in; files have their own. Default: bfloat16. */
  readonly dtype?: 'bfloat16' | 'float32' | 'model' | undefined;
  /** Whether `dtype` was chosen for this target alone: a file whose runtime computes as it says is refused then. */
  readonly typeIsChosen?: boolean | undefined;
  /** A LoRA adapter of the model, for GGUF files. */
  readonly adapter?: FileAdapter | undefined;
  readonly threads?: number;
  readonly signal: AbortSignal;
}

/** Keys and values of so many tokens are made room for at once; models that read more are given this much. */
const longestContext = 8192;

/**
 * Opens a GGUF file in llama.cpp, an ONNX graph in onnxruntime, or a Hugging Face folder with packed linears in our own library, on the CPU; in that, in float32, also the GGUF file of an
 * encoder-decoder, which llama.cpp's Node binding does not run. `path` is a file (of a packed folder its
 * config.json), or a folder with some: what `quantize` wrote, or a folder that transformers.js reads.
 *
 * Throws QuantizationError `dtype-without-place`, `adapter-needs-gguf`, `adapter-not-representable`, `quantized-file-missing`, `quantized-file-ambiguous`, `file-refused-by-runtime`; what reading the tokenizer throws.
 */
export async function openQuantizedModel(path: string, { format, dtype = 'bfloat16', typeIsChosen = false, adapter, threads = threadsOfProcess(), signal }: OpenQuantizedModelOptions): Promise<TokenModel> {
  const file = await quantizedFile(path, format);
  const isGguf = file.endsWith('.gguf');
  if (adapter !== undefined && !isGguf) throw new QuantizationError({ code: 'adapter-needs-gguf', message: `expected a GGUF file beside an adapter, which llama.cpp applies to it; got ${file}. Merge the adapter into the model and quantize that.`, facts: { path: file } });
  if (basename(file) === 'config.json') return ownModel(await loadPackedFolder(dirname(file), { dtype }));
  if (typeIsChosen) throw new QuantizationError({ code: 'dtype-without-place', message: `expected no type of number beside ${basename(file)}, whose runtime computes as the file says; got ${dtype}. Leave it out, or ask the weights that it was quantized from.`, facts: { path: file, dtype } });
  const parts = await (isGguf ? readGguf(file) : readOnnx(file));
  if (isGguf && parts.startTokenId !== undefined) return ownModel(await loadForInference(file, { dtype: 'float32', adapterFolder: adapter?.folder }));
  const lora = adapter && (await ggufAdapterBeside(file, adapter, { signal, onProgress: () => undefined }));
  return new RuntimeModel(await (isGguf ? openGgufRuntime : openOnnxRuntime)(file, { contextSize: parts.contextLength, threads, adapter: lora, signal }), parts);
}

/** The chat template of such a model, without its weights; undefined where it has none. */
export async function quantizedChatTemplate(path: string, format?: string): Promise<ChatTemplate | undefined> {
  const file = await quantizedFile(path, format);
  if (basename(file) === 'config.json') return ChatTemplate.fromFolder(dirname(file));
  const read = await (file.endsWith('.gguf') ? readGguf(file) : readOnnx(file));
  return read.format instanceof ChatTemplate ? read.format : undefined;
}

async function readGguf(path: string): Promise<RuntimeModelParts> {
  const { contextLength = longestContext, ...conversation } = await ggufConversation(path);
  return { folder: path, ...conversation, startTokenId: startTokenOf(conversation.format), contextLength: Math.min(contextLength, longestContext) };
}

async function readOnnx(path: string): Promise<RuntimeModelParts> {
  // transformers.js has graphs in a folder below the tokenizer's.
  const folder = basename(dirname(path)) === 'onnx' ? dirname(dirname(path)) : dirname(path);
  const config = (await readJsonFile(join(folder, 'config.json'))) as Record<string, unknown>;
  const trained = config['max_position_embeddings'] ?? config['n_positions'];
  const contextLength = Math.min(typeof trained === 'number' ? trained : longestContext, longestContext);
  // A decoder's family need not be known here: its graph and its template say all.
  const format = await (hasEncoderBeside(path) ? conversationFormat(folder) : ChatTemplate.fromFolder(folder));
  return { folder, tokenizer: await Tokenizer.fromFolder(folder), format, contextLength, startTokenId: startTokenOf(format) };
}

function startTokenOf(format: RuntimeModelParts['format']): number | undefined {
  return format instanceof SourceTargetFormat ? format.startTokenId : undefined;
}

/** What a worker's compute threads are limited to, else all cores but one: threads of runtimes spin while they wait for each other. */
function threadsOfProcess(): number {
  return Number(process.env['OMP_NUM_THREADS']) || Math.max(1, availableParallelism() - 1);
}
