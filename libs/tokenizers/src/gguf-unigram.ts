import { GgufError, type GgufMetadata } from '@tunesmith/checkpoints';
import type { RebuiltModel } from './gguf-byte-level.js';
import type { GgufVocabulary } from './gguf-vocabulary.js';
import type { JsonObject } from './json.js';

/** How many blanks `<extra_id_N>` T5 has. llama.cpp's converter, which reads them nowhere, calls them `[PADn]`, as it does the rows after them. */
const blanks = 100;

/** A Unigram vocabulary (`tokenizer.ggml.model` = `t5`). */
export function rebuildUnigram(vocabulary: GgufVocabulary, metadata: GgufMetadata): RebuiltModel {
  const { scores } = vocabulary;
  if (!scores) throw new GgufError({ code: 'gguf-metadata-missing', message: 'The Unigram vocabulary has no tokenizer.ggml.scores.', facts: { key: 'tokenizer.ggml.scores' } });
  let blank = vocabulary.tokens.some((token) => /^<extra_id_\d+>$/.test(token)) ? 0 : blanks;
  const tokens = vocabulary.tokens.map((token) => (/^\[PAD\d+\]$/.test(token) && blank > 0 ? `<extra_id_${--blank}>` : token));
  const charsmap = metadata.typed('tokenizer.ggml.precompiled_charsmap');
  const bytes = charsmap?.type === 'array' ? Uint8Array.from(charsmap.value, Number) : undefined;
  const normalizer: JsonObject | null = bytes ? { type: 'Precompiled', precompiled_charsmap: Buffer.from(bytes).toString('base64') } : null;
  const metaspace: JsonObject = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
  return {
    tokens,
    model: { type: 'Unigram', unk_id: metadata.optionalNumber('tokenizer.ggml.unknown_token_id') ?? 2, vocab: tokens.map((token, id) => [token, scores[id]!]), byte_fallback: false },
    normalizer,
    preTokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] },
    decoder: metaspace,
  };
}
