import { roles, type Message } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { SourceTargetFormat, type EncodedPrompt } from '@tunesmith/tokenizers';
import { GenerationError } from './generation-error.js';
import { formatOf, type InferenceModel } from './load-for-inference.js';
import { tokenLogProbs } from './token-log-probs.js';

/** What `score` takes: plain text, a prompt with its completion, or a conversation. */
export type ScoreRow = { readonly text: string } | { readonly prompt: string; readonly completion: string } | { readonly messages: readonly Message[] };

/** Of an encoder-decoder: the target, which follows the start token, so that each of its tokens has a probability. */
export interface TokenScores {
  readonly tokenIds: readonly number[];
  /** Natural logarithm of each token's probability given those before it (and the source); the first of a text has none. */
  readonly logProbs: readonly (number | null)[];
}

/** The log-probabilities of given texts under a model, row by row. @throws GenerationError `score-row-invalid`, `row-too-long`. */
export async function scoreTokens(loaded: InferenceModel, rows: readonly ScoreRow[], context: WorkContext): Promise<TokenScores[]> {
  const tokenRows = rows.map((row, index) => encode(loaded, row, index));
  const logProbs = await tokenLogProbs(loaded.model, tokenRows, context);
  const first = loaded.model.readsSource ? 1 : 0;
  return tokenRows.map(({ tokenIds }, index) => ({ tokenIds: tokenIds.slice(first), logProbs: logProbs[index]!.slice(first) }));
}

/** Checks that a value from outside is a row that can be scored. */
export function parseScoreRow(value: unknown, index: number): ScoreRow {
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).sort().join();
    if (keys === 'text' && 'text' in value && typeof value.text === 'string') return { text: value.text };
    if (keys === 'completion,prompt' && 'prompt' in value && 'completion' in value && typeof value.prompt === 'string' && typeof value.completion === 'string') {
      return { prompt: value.prompt, completion: value.completion };
    }
    if (keys === 'messages' && 'messages' in value && Array.isArray(value.messages) && value.messages.length > 0 && value.messages.every(isMessage)) return { messages: value.messages };
  }
  throw new GenerationError({
    message: `Row ${index + 1}: expected {"text"}, {"prompt","completion"} or {"messages":[{"role","content"}]} and no other key; got ${JSON.stringify(value)?.slice(0, 80)}.`,
    code: 'score-row-invalid',
    facts: { row: index + 1 },
  });
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'role' in value && roles.some((role) => role === value.role) && 'content' in value && typeof value.content === 'string';
}

function encode(loaded: InferenceModel, row: ScoreRow, index: number): EncodedPrompt {
  const { contextLength } = loaded;
  const encoded = 'messages' in row ? formatOf(loaded).encodeConversation(loaded.tokenizer, row.messages.map(({ role, content }) => ({ role, content }))) : encodeText(loaded, row, index);
  const tokens = Math.max(encoded.tokenIds.length, encoded.sourceTokenIds?.length ?? 0);
  if (tokens === 0) throw new GenerationError({ message: `Row ${index + 1}: expected text; got none.`, code: 'score-row-invalid', facts: { row: index + 1 } });
  if (tokens > contextLength) {
    throw new GenerationError({ message: `Row ${index + 1} has ${tokens} tokens, but the model reads at most ${contextLength}. Cut it.`, code: 'row-too-long', facts: { row: index + 1, tokens, contextLength } });
  }
  return encoded;
}

function encodeText({ tokenizer, format }: InferenceModel, row: Exclude<ScoreRow, { messages: unknown }>, index: number): EncodedPrompt {
  // Prompt and completion are read as one text: where they meet, tokens may span both.
  if (!(format instanceof SourceTargetFormat)) return { tokenIds: tokenizer.encode('text' in row ? row.text : row.prompt + row.completion, { addSpecialTokens: true }) };
  if ('prompt' in row) return format.encodePair(tokenizer, row.prompt, row.completion);
  throw new GenerationError({
    message: `Row ${index + 1}: this model is an encoder-decoder, which scores what it writes given what it reads; got {"text"}. Give {"prompt","completion"} or {"messages"}.`,
    code: 'score-row-invalid',
    facts: { row: index + 1 },
  });
}
