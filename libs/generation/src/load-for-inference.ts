import { readAdapter } from '@tunesmith/checkpoints';
import { adapterParts, conversationFormat, fillAdapter, ggufConversation, isGgufFile, loadModel, type LoadedModel, type LoadModelOptions } from '@tunesmith/models';
import { Tokenizer, type ConversationFormat } from '@tunesmith/tokenizers';
import { GenerationError } from './generation-error.js';

/** A model with what it takes to talk to it. Dispose of it when done. */
export interface InferenceModel extends LoadedModel, Disposable {
  /** Or a GGUF file. */
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  /** How it reads conversations; absent for base models. */
  readonly format: ConversationFormat | undefined;
  /** The most tokens that the model reads, from its configuration. */
  readonly contextLength: number;
}

export interface LoadForInferenceOptions {
  /** What to compute in; `model`: in the weights' own type. */
  readonly dtype: 'float32' | 'bfloat16' | 'model';
  readonly device?: string;
  /** A PEFT adapter of this model, which stays beside the weights. */
  readonly adapterFolder?: string | undefined;
  /** Wraps the plain parts, as `loadModel` has it; not with an adapter, which has parts of its own. */
  readonly parts?: NonNullable<LoadModelOptions['parts']>;
}

/** Loads a model folder or a GGUF file: weights, tokenizer, and how it reads conversations; with an adapter, as tuned by it. Throws AdapterError where that does not fit. */
export async function loadForInference(folder: string, { adapterFolder, ...options }: LoadForInferenceOptions): Promise<InferenceModel> {
  const { tokenizer, format } = isGgufFile(folder) ? await ggufConversation(folder) : { tokenizer: await Tokenizer.fromFolder(folder), format: await conversationFormat(folder) };
  await using adapter = adapterFolder === undefined ? undefined : await readAdapter(adapterFolder);
  const loaded = await loadModel(folder, { ...options, ...(adapter && { parts: adapterParts(adapter) }) });
  try {
    if (adapter) await fillAdapter(loaded.model, adapter);
  } catch (error) {
    loaded.model[Symbol.dispose]();
    throw error;
  }
  const positions = loaded.configJson.max_position_embeddings ?? loaded.configJson.n_positions;
  return {
    ...loaded,
    folder,
    tokenizer,
    format,
    contextLength: typeof positions === 'number' ? positions : Infinity,
    [Symbol.dispose]: () => loaded.model[Symbol.dispose](),
  };
}

/** @throws GenerationError `no-chat-template` */
export function formatOf({ format, folder }: Pick<InferenceModel, 'format' | 'folder'>): ConversationFormat {
  if (format) return format;
  throw new GenerationError({ message: `${folder} has no chat template, so it cannot take part in a conversation. Use a model tuned for chat, or give plain text.`, code: 'no-chat-template', facts: { folder } });
}
