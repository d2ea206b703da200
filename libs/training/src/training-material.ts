import { conversationFormat } from '@tunesmith/models';
import { SourceTargetFormat, Tokenizer, type ConversationFormat } from '@tunesmith/tokenizers';
import type { TrainOptions } from './train-options.js';
import { TrainingError } from './training-error.js';

/** What an objective makes examples from. */
export interface TrainingMaterial extends TrainOptions {
  readonly tokenizer: Tokenizer;
  /** Whether the model is an encoder-decoder, whose rows have a source. */
  readonly readsSource: boolean;
  /** How the model reads a conversation. @throws TrainingError `no-chat-template` where that is not said. */
  format(): ConversationFormat;
}

export async function readMaterial(options: TrainOptions): Promise<TrainingMaterial> {
  const tokenizer = await Tokenizer.fromFolder(options.modelFolder);
  const found = await conversationFormat(options.modelFolder);
  return {
    ...options,
    tokenizer,
    readsSource: found instanceof SourceTargetFormat,
    format() {
      if (found) return found;
      throw new TrainingError(
        'no-chat-template',
        'train: expected a chat template (chat_template.jinja, or chat_template in tokenizer_config.json) in the model; it has none. Tune an instruct model, import this one with a template (tunesmith model import … --chat-template alpaca, as LaMini-LM tunes its decoders), or train on plain text with the objective pretrain.',
        { folder: options.modelFolder },
      );
    },
  };
}
