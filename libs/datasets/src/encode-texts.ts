import type { Tokenizer } from '@tunesmith/tokenizers';
import { DatasetError } from './dataset-error.js';
import { fitRows, type Rows } from './encode-each.js';
import type { FittedRows } from './encode-rows.js';
import type { FitOptions } from './fit-row.js';

/**
 * Tokenizes plain text, every token to be learned: as the tokenizer begins a text, and the end token behind it.
 *
 * @throws DatasetError `not-plain-text`, `placeholder-without-value`, `row-too-long`, `no-end-token`.
 */
export async function encodeTexts(rows: Rows, tokenizer: Tokenizer, options: FitOptions): Promise<FittedRows> {
  const endTokenId = endOfText(tokenizer);
  return fitRows(rows, options, ({ text }, index) => {
    if (text === undefined) {
      throw new DatasetError({
        message: `Row ${index + 1} is a conversation; the objective pretrain expects rows {"text":"…"}. Use the objective sft (with the loss scale all, if questions are to be learned too).`,
        code: 'not-plain-text',
        facts: { row: index + 1 },
      });
    }
    const written = tokenizer.encode(text);
    const tokenIds = written.at(-1) === endTokenId ? written : [...written, endTokenId];
    return { tokenIds, lossMask: tokenIds.map(() => true) };
  });
}

/** The token named `eos_token`, else the first that ends a generation. */
function endOfText(tokenizer: Tokenizer): number {
  const { eos_token: text } = tokenizer.specialTokens;
  const id = (text === undefined ? undefined : tokenizer.tokenId(text)) ?? tokenizer.eosTokenIds[0];
  if (id !== undefined) return id;
  throw new DatasetError({ message: 'Plain text needs an end token: name eos_token in tokenizer_config.json, or eos_token_id in config.json.', code: 'no-end-token', facts: {} });
}
