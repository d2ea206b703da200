import type { Tokenizer } from './tokenizer.js';
import type { ChatMessage, ChatTool } from './training-spans.js';

/** A stretch of text, and what each of its tokens weighs in the loss; 0: it is not trained on. */
export interface WeighedText {
  readonly text: string;
  readonly weight: number;
}

/** What the tokens of a conversation weigh in the loss. The pieces of a text, joined, are the text. */
export interface LossWeighing {
  /** What the assistant says in the message of this index, without the token that ends its turn. */
  said(text: string, message: number): readonly WeighedText[];
  /** The token that ends that turn. */
  end(message: number): number;
  /** What is not the assistant's: questions, and what the template writes around. */
  others(text: string): readonly WeighedText[];
}

/** A conversation as tokens. */
export interface EncodedConversation {
  /** Of an encoder-decoder those of the decoder, beginning with its start token. */
  readonly tokenIds: number[];
  /** True at the tokens that the assistant says, its end-of-turn token included. */
  readonly lossMask: boolean[];
  /** One for each token; absent where each is what the mask says, 1 or 0. */
  readonly lossWeights?: number[];
  /** What the encoder of an encoder-decoder reads. */
  readonly sourceTokenIds?: number[];
}

/** What makes a model answer. */
export type EncodedPrompt = Omit<EncodedConversation, 'lossMask' | 'lossWeights'>;

/** How a model reads conversations: by its chat template, or, an encoder-decoder, as a source and a target. */
export interface ConversationFormat {
  /**
   * The conversation to train on: all that the assistant says, or what `weighing` says. Throws EmptyLossMaskError where nothing would be trained,
   * and what the format refuses.
   */
  encodeForTraining(tokenizer: Tokenizer, messages: readonly ChatMessage[], weighing?: LossWeighing, tools?: readonly ChatTool[]): EncodedConversation;
  /** The conversation so far, with what makes the model answer as the assistant. */
  encodePrompt(tokenizer: Tokenizer, messages: readonly ChatMessage[], tools?: readonly ChatTool[]): EncodedPrompt;
  /** The conversation as it stands, whoever speaks last. */
  encodeConversation(tokenizer: Tokenizer, messages: readonly ChatMessage[], tools?: readonly ChatTool[]): EncodedPrompt;
}
