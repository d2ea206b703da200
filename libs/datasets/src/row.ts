import { chatMessage } from './chat-message.js';
import type { JsonObject } from './formats/row-format.js';

export type Role = 'system' | 'user' | 'assistant' | 'tool';
export const roles: readonly Role[] = ['system', 'user', 'assistant', 'tool'];

/** That the assistant asks for a tool. */
export interface ToolCall {
  readonly id?: string;
  readonly name: string;
  readonly arguments: JsonObject;
}

/** What a tool is, in OpenAI's form: `{"type":"function","function":{"name":"…","description":"…","parameters":{…}}}`. */
export interface Tool {
  readonly type: 'function';
  readonly function: JsonObject & { readonly name: string };
}

export interface Message {
  readonly role: Role;
  readonly content: string;
  /** Of an assistant's message: the tools that it calls. Its content may be empty then. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool's message: the id of the call that it answers, and the tool's name. */
  readonly toolCallId?: string;
  readonly name?: string;
  /** Of an assistant's message: whether it is trained on, whatever the loss scale says. */
  readonly loss?: boolean;
  /** Of an assistant's message: what each of its tokens weighs in the loss, in place of what the loss scale says. */
  readonly lossScale?: number;
}

export type Split = 'train' | 'validation';
export const splits: readonly Split[] = ['train', 'validation'];

/** Where a row that was generated comes from. */
export interface RowOrigin {
  /** What its maker calls the lot, such as `self-instruct`. */
  readonly source: string;
  readonly teacher?: string;
  /** What the teacher was shown: `example-guided`, `topic-guided`, `response`. */
  readonly prompt?: string;
  /** Rows of the seed dataset that were shown, from 1. */
  readonly seeds?: readonly number[];
  readonly topics?: readonly string[];
  /** What decided the teacher's draws. */
  readonly samplingSeed?: number;
}

/**
 * The canonical row: one conversation, or plain text. Whatever a file from outside looked like, a dataset artifact holds rows of this
 * shape only, one a line in `rows.jsonl`.
 *
 * Messages: at most one system message, first; then user and assistant in turn. After an assistant's message that calls tools stand the tools'
 * answers, one message each, and the assistant speaks again. The last one is the assistant's, except
 * where `answerWith` is `self`: then it is a user's, and the model that will be tuned gives the answer (self-replay). There are none
 * where `text` is given.
 */
export interface Row {
  readonly messages: readonly Message[];
  readonly split: Split;
  readonly tags: readonly string[];
  /** The tools that the assistant may call. */
  readonly tools?: readonly Tool[];
  /** Text that a right answer contains, or several, of which any will do. */
  readonly expect?: string | readonly string[];
  readonly answerWith?: 'self';
  /** Of a preference: the answer that is not wanted, where the last message is the one that is. */
  readonly rejected?: string;
  /** Plain text to be learned as it stands, in place of messages. */
  readonly text?: string;
  readonly origin?: RowOrigin;
}

/** One line of `rows.jsonl`: keys always in the same order, so that the same rows make the same bytes. */
export function serializeRow(row: Row): string {
  return JSON.stringify({
    ...(row.text === undefined
      ? { messages: row.messages.map((message) => ({ ...chatMessage(message), ...(message.loss === undefined ? {} : { loss: message.loss }), ...(message.lossScale === undefined ? {} : { lossScale: message.lossScale }) })) }
      : { text: row.text }),
    ...(row.tools === undefined ? {} : { tools: row.tools }),
    ...(row.rejected === undefined ? {} : { rejected: row.rejected }),
    split: row.split,
    ...(row.tags.length > 0 ? { tags: row.tags } : {}),
    ...(row.expect === undefined ? {} : { expect: row.expect }),
    ...(row.answerWith === undefined ? {} : { answerWith: row.answerWith }),
    ...(row.origin === undefined ? {} : { origin: serializeOrigin(row.origin) }),
  });
}

function serializeOrigin({ source, teacher, prompt, seeds, topics, samplingSeed }: RowOrigin): RowOrigin {
  return {
    source,
    ...(teacher === undefined ? {} : { teacher }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(topics === undefined ? {} : { topics }),
    ...(samplingSeed === undefined ? {} : { samplingSeed }),
  };
}
