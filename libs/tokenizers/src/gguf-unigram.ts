import { GgufError, type GgufMetadata } from '@tunesmith/checkpoints';
import type { RebuiltModel } from './gguf-byte-level.js';
import type { GgufVocabulary } from './gguf-vocabulary.js';
import type { JsonObject } from './json.js';

/** How many blanks `<extra_id_N>` T5 has. llama.cpp's converter, which reads them nowhere, calls them `[PADn]`, as it does the rows after them. mT5 has a few such rows and no blanks. */
const blanks = 100;
const blankOrRow = /^\[PAD\d+\]$/;

/** A Unigram vocabulary (`tokenizer.ggml.model` = `t5`). */
export function rebuildUnigram(vocabulary: GgufVocabulary, metadata: GgufMetadata): RebuiltModel {
  const { scores } = vocabulary;
  if (!scores) throw new GgufError({ code: 'gguf-metadata-missing', message: 'The Unigram vocabulary has no tokenizer.ggml.scores.', facts: { key: 'tokenizer.ggml.scores' } });
  const named = vocabulary.tokens.some((token) => /^▁?<extra_id_\d+>$/.test(token));
  let blank = named || vocabulary.tokens.filter((token) => blankOrRow.test(token)).length < blanks ? 0 : blanks;
  const unmarked = new Set<number>();
  const tokens = vocabulary.tokens.map((token, id) => {
    if (blank === 0 || !blankOrRow.test(token)) return token;
    unmarked.add(id);
    blank -= 1;
    return `<extra_id_${blank}>`;
  });
  const charsmap = metadata.typed('tokenizer.ggml.precompiled_charsmap');
  const bytes = charsmap?.type === 'array' ? Uint8Array.from(charsmap.value, Number) : undefined;
  const normalizer: JsonObject | null = bytes ? { type: 'Precompiled', precompiled_charsmap: Buffer.from(bytes).toString('base64') } : null;
  const metaspace: JsonObject = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
  return {
    tokens,
    unmarked,
    model: { type: 'Unigram', unk_id: metadata.optionalNumber('tokenizer.ggml.unknown_token_id') ?? 2, vocab: tokens.map((token, id) => [token, scores[id]!]), byte_fallback: false },
    normalizer,
    preTokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] },
    decoder: metaspace,
  };
}
