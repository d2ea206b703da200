import { byteAlphabet } from './byte-alphabet.js';
import { isObject, objects, type JsonObject } from './json.js';

/** Spells one token of a vocabulary as the bytes that it stands for. `isAdded`: it stands beside the vocabulary proper, as special tokens do. */
export type TokenSpelling = (text: string, isAdded: boolean) => Uint8Array;

const byteToken = /^<0x([0-9A-F]{2})>$/;
const utf8 = new TextEncoder();

/**
 * How the vocabulary of a tokenizer.json spells bytes, by its decoder: GPT-2's printable bytes, or SentencePiece's text with U+2581 for a space and
 * `<0xE2>` for a byte that has no token of its own.
 */
export function tokenSpelling(json: JsonObject): TokenSpelling {
  const decoders = decodersOf(json.decoder);
  if (decoders.some(({ type }) => type === 'ByteLevel')) {
    const bytes = new Map(byteAlphabet().map((character, byte) => [character, byte]));
    return (text, isAdded) => {
      const spelled = isAdded ? undefined : Array.from(text, (character) => bytes.get(character));
      // What is added is text as it stands, and so is what holds a character that spells no byte.
      return spelled?.every((byte) => byte !== undefined) ? Uint8Array.from(spelled) : utf8.encode(text);
    };
  }
  return (text) => {
    const byte = byteToken.exec(text);
    return byte ? Uint8Array.of(Number.parseInt(byte[1]!, 16)) : utf8.encode(text.replaceAll('\u2581', ' '));
  };
}

function decodersOf(decoder: unknown): readonly JsonObject[] {
  if (!isObject(decoder)) return [];
  return decoder.type === 'Sequence' ? objects(decoder.decoders) : [decoder];
}
