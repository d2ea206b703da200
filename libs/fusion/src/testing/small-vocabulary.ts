import { Tokenizer } from '@tunesmith/tokenizers';
import { TokenSurfaces } from '../token-surfaces.js';

/** A vocabulary of the given tokens, spelled as SentencePiece (`▁`) or as byte-level BPE (`Ġ`) does; those in angle brackets are special. */
export function smallVocabulary(kind: 'sentencepiece' | 'byte-level', tokens: readonly string[], names: Readonly<Record<string, string>> = {}): TokenSurfaces {
  const special = tokens.flatMap((content, id) => (/^<[^0].*>$/.test(content) ? [{ id, content, special: true }] : []));
  return new TokenSurfaces(
    Tokenizer.fromFiles({
      tokenizer: {
        model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
        added_tokens: special,
        decoder: kind === 'byte-level' ? { type: 'ByteLevel' } : { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }] },
      },
      tokenizerConfig: names,
    }),
  );
}
