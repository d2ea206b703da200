import type { ChatMessage, ChatTool } from '@tunesmith/tokenizers';

/** What a client of a served model asks. Plain data. */
export interface ServeRequest {
  readonly prompt:
    | { readonly messages: readonly ChatMessage[]; readonly tools?: readonly ChatTool[] }
    | { readonly text: string }
    | { readonly tokenIds: readonly number[] };
  /** Default: as many as the model has room for. 0, with `echo`, only scores the prompt. */
  readonly maxNewTokens?: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  /** The answer ends before the first of these. */
  readonly stop: readonly string[];
  /** Log-probabilities of the tokens, and of so many of the likeliest in their place; absent: none. */
  readonly topTokens?: number;
  /** The prompt itself stands before the answer, with its log-probabilities where they are asked. */
  readonly echo?: boolean;
}

/** A token as text. The bytes of one that is a part of a character are no text of their own. */
export interface TokenText {
  readonly text: string;
  readonly bytes: readonly number[];
  /** Null of the first token of an echoed prompt: nothing stands before it. */
  readonly logProb: number | null;
  readonly top: readonly { readonly text: string; readonly bytes: readonly number[]; readonly logProb: number }[];
}

/** What has come to the answer: text that is final, and the tokens since the piece before. */
export interface ServePiece {
  readonly text: string;
  readonly tokens: readonly TokenText[];
}

/** How an answer ended. */
export interface ServeAnswer {
  readonly finish: 'stop' | 'length' | 'tool_calls';
  /** Of the tools that it was offered, in their order; `arguments` is JSON. */
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
  readonly promptTokens: number;
  readonly newTokens: number;
}
