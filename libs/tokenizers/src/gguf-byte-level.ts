import { GgufError } from '@tunesmith/checkpoints';
import { byteAlphabet } from './byte-alphabet.js';
import type { PreTokenizer } from './gguf-pre-tokenizers.js';
import { tokenType, type GgufVocabulary } from './gguf-vocabulary.js';
import type { JsonObject } from './json.js';

/** The parts of a tokenizer.json that depend on the kind of vocabulary. `tokens` are the final spellings, by id. */
export interface RebuiltModel {
  readonly tokens: readonly string[];
  readonly model: JsonObject;
  readonly normalizer: JsonObject | null;
  readonly preTokenizer: JsonObject | null;
  readonly decoder: JsonObject;
  /** Ids of special tokens that the file does not mark as such. */
  readonly unmarked?: ReadonlySet<number>;
}

/** A byte-level BPE vocabulary (`tokenizer.ggml.model` = `gpt2`): GPT-2, Qwen, Llama 3, SmolLM and their like. */
export function rebuildByteLevel(vocabulary: GgufVocabulary, pre: PreTokenizer): RebuiltModel {
  const { merges } = vocabulary;
  if (!merges) throw new GgufError({ code: 'gguf-metadata-missing', message: 'The byte-level vocabulary has no tokenizer.ggml.merges.', facts: { key: 'tokenizer.ggml.merges' } });
  const tokens = respell(vocabulary);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  for (const [left, right] of merges) {
    const unknown = [left, right, left + right].find((token) => !ids.has(token));
    if (unknown === undefined) continue;
    throw new GgufError({
      code: 'gguf-bad-vocabulary',
      message: `The GGUF vocabulary is damaged: the merge ${JSON.stringify(`${left} ${right}`)} needs the token ${JSON.stringify(unknown)}, which it lacks.`,
      facts: { merge: [left, right], unknown },
    });
  }
  return {
    tokens,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: pre.ignoreMerges ?? false,
      vocab: Object.fromEntries(ids),
      merges,
    },
    normalizer: pre.normalizer ?? null,
    preTokenizer: pre.json,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  };
}

/** Normal tokens written with other characters than the byte alphabet's are respelled byte by byte; added tokens stay as they match. */
function respell({ tokens, types }: GgufVocabulary): string[] {
  const spelling = byteAlphabet();
  const alphabet = new Set(spelling);
  const taken = new Set(tokens);
  return tokens.map((token, id) => {
    if (types[id] === tokenType.control || types[id] === tokenType.userDefined || [...token].every((character) => alphabet.has(character))) return token;
    const respelled = Array.from(new TextEncoder().encode(token), (byte) => spelling[byte]!).join('');
    return taken.has(respelled) ? token : respelled;
  });
}
