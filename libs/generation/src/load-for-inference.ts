import { loadModel, type LoadedModel } from '@tunesmith/models';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { GenerationError } from './generation-error.js';

/** A model with what it takes to talk to it. Dispose of it when done. */
export interface InferenceModel extends LoadedModel, Disposable {
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  /** Absent for base models. */
  readonly template: ChatTemplate | undefined;
  /** The most tokens that the model reads, from its configuration. */
  readonly contextLength: number;
}

export interface LoadForInferenceOptions {
  readonly dtype: 'float32' | 'bfloat16';
  readonly device?: string;
}

/** Loads a model folder: weights, tokenizer, and chat template where there is one. */
export async function loadForInference(folder: string, options: LoadForInferenceOptions): Promise<InferenceModel> {
  const tokenizer = await Tokenizer.fromFolder(folder);
  const template = await ChatTemplate.fromFolder(folder);
  const loaded = await loadModel(folder, options);
  const positions = loaded.configJson.max_position_embeddings;
  return {
    ...loaded,
    folder,
    tokenizer,
    template,
    contextLength: typeof positions === 'number' ? positions : Infinity,
    [Symbol.dispose]: () => loaded.model[Symbol.dispose](),
  };
}

/** @throws GenerationError `no-chat-template` */
export function templateOf({ template, folder }: InferenceModel): ChatTemplate {
  if (template) return template;
  throw new GenerationError({ message: `${folder} has no chat template, so it cannot take part in a conversation. Use a model tuned for chat, or give plain text.`, code: 'no-chat-template', facts: { folder } });
}
