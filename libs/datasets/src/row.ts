export type Role = 'system' | 'user' | 'assistant';
export const roles: readonly Role[] = ['system', 'user', 'assistant'];

export interface Message {
  readonly role: Role;
  readonly content: string;
  /** Of an assistant's message: whether it is trained on, whatever the loss scale says. */
  readonly loss?: boolean;
  /** Of an assistant's message: what each of its tokens weighs in the loss, in place of what the loss scale says. */
  readonly lossScale?: number;
}

export type Split = 'train' | 'validation';
export const splits: readonly Split[] = ['train', 'validation'];

/**
 * The canonical row: one conversation, or plain text. Whatever a file from outside looked like, a dataset artifact holds rows of this
 * shape only, one a line in `rows.jsonl`.
 *
 * Messages: at most one system message, first; then user and assistant in turn. The last one is the assistant's, except
 * where `answerWith` is `self`: then it is a user's, and the model that will be tuned gives the answer (self-replay). There are none
 * where `text` is given.
 */
export interface Row {
  readonly messages: readonly Message[];
  readonly split: Split;
  readonly tags: readonly string[];
  /** Text that a right answer contains. */
  readonly expect?: string;
  readonly answerWith?: 'self';
  /** Of a preference: the answer that is not wanted, where the last message is the one that is. */
  readonly rejected?: string;
  /** Plain text to be learned as it stands, in place of messages. */
  readonly text?: string;
}

/** One line of `rows.jsonl`: keys always in the same order, so that the same rows make the same bytes. */
export function serializeRow(row: Row): string {
  return JSON.stringify({
    ...(row.text === undefined
      ? { messages: row.messages.map(({ role, content, loss, lossScale }) => ({ role, content, ...(loss === undefined ? {} : { loss }), ...(lossScale === undefined ? {} : { lossScale }) })) }
      : { text: row.text }),
    ...(row.rejected === undefined ? {} : { rejected: row.rejected }),
    split: row.split,
    ...(row.tags.length > 0 ? { tags: row.tags } : {}),
    ...(row.expect === undefined ? {} : { expect: row.expect }),
    ...(row.answerWith === undefined ? {} : { answerWith: row.answerWith }),
  });
}
