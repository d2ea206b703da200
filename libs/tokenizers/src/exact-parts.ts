import type { Tokenizer as JsonTokenizer } from '@huggingface/tokenizers';
import { TokenizerError } from './errors.js';
import { isObject, objects, type JsonObject } from './json.js';
import { PrecompiledCharsmap } from './precompiled-charsmap.js';

// The package's declarations do not show what a tokenizer is made of; this is the part of it that is mended.
interface Normalizer {
  normalizers?: readonly Normalizer[];
  normalize(text: string): string;
}
interface Decoder {
  decoders?: readonly Decoder[];
  text_decoder?: InstanceType<typeof TextDecoder>;
}

/**
 * Mends parts of the package that differ from the reference: `Precompiled` guesses what the table of SentencePiece says (it makes a blank of what joins
 * emoji), and `ByteFallback` swallows U+FEFF when bytes become text.
 */
export function makePartsExact(inner: JsonTokenizer, json: JsonObject, source: string): void {
  const parts: unknown = inner;
  if (!hasParts(parts)) throw new TokenizerError({ code: 'tokenizer-unsupported', message: `${source}: the package for tokenizers hides its parts; its version is not the one that was locked.`, facts: { source } });
  mendNormalizer(parts.normalizer, json.normalizer, source);
  mendDecoder(parts.decoder);
}

function hasParts(inner: unknown): inner is { readonly normalizer: Normalizer | null; readonly decoder: Decoder | null } {
  return (typeof inner === 'function' || (typeof inner === 'object' && inner !== null)) && 'normalizer' in inner && 'decoder' in inner;
}

function mendNormalizer(part: Normalizer | null | undefined, json: unknown, source: string): void {
  if (!part || !isObject(json)) return;
  if (json.type === 'Precompiled' && typeof json.precompiled_charsmap === 'string' && json.precompiled_charsmap !== '') {
    const table = PrecompiledCharsmap.parse(json.precompiled_charsmap, source);
    part.normalize = (text) => table.normalize(text);
  }
  objects(json.normalizers).forEach((inner, index) => mendNormalizer(part.normalizers?.[index], inner, source));
}

function mendDecoder(part: Decoder | null | undefined): void {
  if (!part) return;
  if (part.text_decoder) part.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (const inner of part.decoders ?? []) mendDecoder(inner);
}
