import type { Tokenizer } from './tokenizer.js';
import type { ChatMessage } from './training-spans.js';

/** A conversation as tokens. */
export interface EncodedConversation {
  /** Of an encoder-decoder those of the decoder, beginning with its start token. */
  readonly tokenIds: number[];
  /** True at the tokens that the assistant says, its end-of-turn token included. */
  readonly lossMask: boolean[];
  /** What the encoder of an encoder-decoder reads. */
  readonly sourceTokenIds?: number[];
}

/** What makes a model answer. */
export type EncodedPrompt = Omit<EncodedConversation, 'lossMask'>;

/** How a model reads conversations: by its chat template, or, an encoder-decoder, as a source and a target. */
export interface ConversationFormat {
  /** The conversation to train on. Throws EmptyLossMaskError where nothing would be trained, and what the format refuses. */
  encodeForTraining(tokenizer: Tokenizer, messages: readonly ChatMessage[]): EncodedConversation;
  /** The conversation so far, with what makes the model answer as the assistant. */
  encodePrompt(tokenizer: Tokenizer, messages: readonly ChatMessage[]): EncodedPrompt;
  /** The conversation as it stands, whoever speaks last. */
  encodeConversation(tokenizer: Tokenizer, messages: readonly ChatMessage[]): EncodedPrompt;
}
