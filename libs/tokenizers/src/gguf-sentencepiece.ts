import { GgufError } from '@tunesmith/checkpoints';
import type { RebuiltModel } from './gguf-byte-level.js';
import { tokenType, type GgufVocabulary } from './gguf-vocabulary.js';
import type { JsonObject } from './json.js';

/** What SentencePiece writes for a space. */
const space = '▁';

export interface SentencePieceOptions {
  /** Gemma: the order of the tokens, not their scores, is the order of the merges, and runs of spaces are stored as spaces. */
  readonly gemma: boolean;
  readonly addSpacePrefix: boolean;
  readonly unknownToken: string | undefined;
}

/**
 * A SentencePiece BPE vocabulary (`tokenizer.ggml.model` = `llama`): Llama 2, Mistral, Gemma, Phi-3. The merges are not stored; they follow
 * from the vocabulary. The prefix space comes from a normalizer, which puts one before every stretch of text between special tokens, as
 * llama.cpp does.
 */
export function rebuildSentencePiece(vocabulary: GgufVocabulary, { gemma, addSpacePrefix, unknownToken }: SentencePieceOptions): RebuiltModel {
  const tokens = gemma ? respellSpaces(vocabulary.tokens) : vocabulary.tokens;
  const { scores } = vocabulary;
  if (!gemma && !scores) throw new GgufError({ code: 'gguf-metadata-missing', message: 'The SentencePiece vocabulary has no tokenizer.ggml.scores.', facts: { key: 'tokenizer.ggml.scores' } });
  const replace: JsonObject = { type: 'Replace', pattern: { String: ' ' }, content: space };
  const decoders: JsonObject[] = [{ type: 'Replace', pattern: { String: space }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }];
  if (addSpacePrefix) decoders.push({ type: 'Strip', content: ' ', start: 1, stop: 0 });
  return {
    tokens,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknownToken ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: vocabulary.types.includes(tokenType.byte),
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: vocabulary.merges ?? deriveMerges(tokens, (id) => (gemma ? -id : scores![id]!)),
    },
    normalizer: addSpacePrefix ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: space }, replace] } : replace,
    preTokenizer: null,
    decoder: { type: 'Sequence', decoders },
  };
}

/** Every way to split a token into two tokens, best score first; of equal scores the longer left part, then the longer right part. */
export function deriveMerges(tokens: readonly string[], score: (id: number) => number): [string, string][] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const found: { left: string; right: string; score: number; leftLength: number; rightLength: number; order: number }[] = [];
  for (const [id, token] of tokens.entries()) {
    const characters = [...token];
    const local: { left: string; right: string; leftLength: number }[] = [];
    let left = '';
    for (let length = 1; length < characters.length; length += 1) {
      left += characters[length - 1]!;
      const right = token.slice(left.length);
      if (ids.has(left) && ids.has(right)) local.push({ left, right, leftLength: length });
    }
    local.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
    for (const { left: first, right, leftLength } of local) {
      found.push({ left: first, right, score: score(id), leftLength, rightLength: characters.length - leftLength, order: found.length });
    }
  }
  found.sort((a, b) => b.score - a.score || b.leftLength - a.leftLength || b.rightLength - a.rightLength || a.order - b.order);
  return found.map(({ left, right }) => [left, right]);
}

function respellSpaces(tokens: readonly string[]): string[] {
  const taken = new Set(tokens);
  return tokens.map((token) => {
    const respelled = space.repeat(token.length);
    return /^ {2,}$/.test(token) && !taken.has(respelled) ? respelled : token;
  });
}
