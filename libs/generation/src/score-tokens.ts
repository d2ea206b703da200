import { roles, type Message } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { GenerationError } from './generation-error.js';
import { templateOf, type InferenceModel } from './load-for-inference.js';
import { tokenLogProbs } from './token-log-probs.js';

/** What `score` takes: plain text, a prompt with its completion, or a conversation. */
export type ScoreRow = { readonly text: string } | { readonly prompt: string; readonly completion: string } | { readonly messages: readonly Message[] };

export interface TokenScores {
  readonly tokenIds: readonly number[];
  /** Natural logarithm of each token's probability given those before it; the first has none. */
  readonly logProbs: readonly (number | null)[];
}

/** The log-probabilities of given texts under a model, row by row. @throws GenerationError `score-row-invalid`, `row-too-long`. */
export async function scoreTokens(loaded: InferenceModel, rows: readonly ScoreRow[], context: WorkContext): Promise<TokenScores[]> {
  const tokenRows = rows.map((row, index) => encode(loaded, row, index));
  const logProbs = await tokenLogProbs(loaded.model, tokenRows.map((tokenIds) => ({ tokenIds })), context);
  return tokenRows.map((tokenIds, index) => ({ tokenIds, logProbs: logProbs[index]! }));
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

function encode(loaded: InferenceModel, row: ScoreRow, index: number): number[] {
  const { tokenizer, contextLength } = loaded;
  const tokenIds =
    'messages' in row
      ? tokenizer.encode(templateOf(loaded).render(row.messages.map(({ role, content }) => ({ role, content })), { addGenerationPrompt: false }), { addSpecialTokens: false })
      : // Prompt and completion are read as one text: where they meet, tokens may span both.
        tokenizer.encode('text' in row ? row.text : row.prompt + row.completion, { addSpecialTokens: true });
  if (tokenIds.length === 0) throw new GenerationError({ message: `Row ${index + 1}: expected text; got none.`, code: 'score-row-invalid', facts: { row: index + 1 } });
  if (tokenIds.length > contextLength) {
    throw new GenerationError({ message: `Row ${index + 1} has ${tokenIds.length} tokens, but the model reads at most ${contextLength}. Cut it.`, code: 'row-too-long', facts: { row: index + 1, tokens: tokenIds.length, contextLength } });
  }
  return tokenIds;
}
