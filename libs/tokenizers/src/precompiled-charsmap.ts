import { TokenizerError } from './errors.js';

/** Longer graphemes are replaced character by character, as the reference does. */
const longestWholeGrapheme = 5;

/**
 * SentencePiece's table of replacements, as tokenizer.json's `Precompiled` holds it: a double array (darts-clone) from UTF-8 to places in a text of
 * replacements, each ended by a zero. Behaves as the `spm_precompiled` crate, which transformers' tokenizers use: the shortest match of a grapheme
 * stands for the whole of it.
 */
export class PrecompiledCharsmap {
  private readonly known = new Map<string, string>();
  private readonly graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  /** Nothing in a text of these is replaced, so most texts need no look at their graphemes. */
  private readonly plain: RegExp | undefined;

  private constructor(
    private readonly units: Uint32Array,
    private readonly replacements: Buffer,
  ) {
    const printable = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));
    if (printable.every((character) => this.replacement(character) === undefined)) this.plain = /^[ -~]*$/;
  }

  /** `base64` is what tokenizer.json holds. Throws TokenizerError. */
  static parse(base64: string, source: string): PrecompiledCharsmap {
    const bytes = Buffer.from(base64, 'base64');
    const size = bytes.length < 4 ? NaN : bytes.readUInt32LE(0);
    if (!(size % 4 === 0 && 4 + size <= bytes.length)) {
      throw new TokenizerError({ code: 'tokenizer-bad-json', message: `${source}: its precompiled_charsmap is damaged: expected a table of at least ${size} bytes, got ${bytes.length}. Take the file that was published.`, facts: { source } });
    }
    const units = Uint32Array.from({ length: size / 4 }, (_, index) => bytes.readUInt32LE(4 + 4 * index));
    return new PrecompiledCharsmap(units, bytes.subarray(4 + size));
  }

  normalize(text: string): string {
    if (this.plain?.test(text)) return text;
    let normalized = '';
    for (const { segment } of this.graphemes.segment(text)) normalized += this.ofGrapheme(segment);
    return normalized;
  }

  private ofGrapheme(grapheme: string): string {
    const known = this.known.get(grapheme);
    if (known !== undefined) return known;
    const whole = Buffer.byteLength(grapheme) <= longestWholeGrapheme ? this.replacement(grapheme) : undefined;
    const found = whole ?? Array.from(grapheme, (character) => this.replacement(character) ?? character).join('');
    if (this.known.size < 100_000) this.known.set(grapheme, found);
    return found;
  }

  /** What the shortest beginning of `text` that the table knows is replaced by. */
  private replacement(text: string): string | undefined {
    let place = offset(this.units[0] ?? 0);
    for (const byte of Buffer.from(text)) {
      if (byte === 0) return undefined;
      place ^= byte;
      const unit = this.units[place];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
      place ^= offset(unit);
      if (((unit >>> 8) & 1) === 1) {
        const begin = (this.units[place] ?? 0) & 0x7fffffff;
        const end = this.replacements.indexOf(0, begin);
        return this.replacements.toString('utf8', begin, end < 0 ? this.replacements.length : end);
      }
    }
    return undefined;
  }
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
