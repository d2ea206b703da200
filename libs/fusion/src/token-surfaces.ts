import type { Tokenizer } from '@tunesmith/tokenizers';

const space = 0x20;

/**
 * The texts of a vocabulary's tokens, as bytes, so that vocabularies of different kinds can be held against each other: the word-start marks of
 * SentencePiece and of byte-level BPE are spaces alike, and a byte token of the one is the same as the piece of a character of the other. Of ASCII text
 * an edit is of a character, of other text of a byte.
 */
export class TokenSurfaces {
  private readonly known = new Map<number, Uint8Array>();
  private ids: Map<string, number> | undefined;

  /** @param rows of the model's embedding: a token beyond is nobody's counterpart. */
  constructor(readonly tokenizer: Tokenizer, private readonly rows = Infinity) {}

  /** One more than the highest id that the model can say. */
  get size(): number {
    return Math.min(this.tokenizer.vocabularySize, this.rows);
  }

  of(id: number): Uint8Array {
    let surface = this.known.get(id);
    if (!surface) this.known.set(id, (surface = this.tokenizer.tokenBytes(id)));
    return surface;
  }

  /** Without the spaces that it begins with; as it is where it has nothing else. */
  withoutMark(id: number): Uint8Array {
    const surface = this.of(id);
    const first = surface.findIndex((byte) => byte !== space);
    return first > 0 ? surface.subarray(first) : surface;
  }

  /** The token of this surface, the first of equal ones. */
  find(surface: Uint8Array): number | undefined {
    this.ids ??= this.index();
    return this.ids.get(latin1(surface));
  }

  /** All ids that the model can say, rising. */
  *all(): Generator<number> {
    for (let id = 0; id < this.size; id += 1) if (this.tokenizer.hasToken(id)) yield id;
  }

  private index(): Map<string, number> {
    const ids = new Map<string, number>();
    for (const id of this.all()) {
      const key = latin1(this.of(id));
      if (!ids.has(key)) ids.set(key, id);
    }
    return ids;
  }
}

/** Whether one ends with the other. */
export function endsAlike(one: Uint8Array, other: Uint8Array): boolean {
  const shared = Math.min(one.length, other.length);
  for (let back = 1; back <= shared; back += 1) if (one[one.length - back] !== other[other.length - back]) return false;
  return true;
}

/** Whether one contains the other. */
export function containsEither(one: Uint8Array, other: Uint8Array): boolean {
  return one.length >= other.length ? latin1(one).includes(latin1(other)) : latin1(other).includes(latin1(one));
}

export function sameSurface(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && endsAlike(one, other);
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
