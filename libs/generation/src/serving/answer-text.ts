import type { Tokenizer } from '@tunesmith/tokenizers';

/** What a decoder writes for bytes that are no character yet. */
const unfinished = '\u{fffd}';
/** Tokens that a character may be spread over; a longer tail of bytes that are none is text as it is. */
const longestCharacter = 8;

/**
 * The text of an answer while its tokens come. What is handed out is final: whole characters, and no part of what may become one of the stops. Tokens are read back
 * together with those before them, because some tokenizers write the first word of a text without its blank.
 */
export class AnswerText {
  readonly #tokenIds: number[] = [];
  /** Where the tokens begin that are read back together, and where those begin whose text is not out yet. */
  #from = 0;
  #next = 0;
  /** Text that may still become a stop. */
  #held = '';
  #stopped = false;

  constructor(private readonly tokenizer: Tokenizer, private readonly stops: readonly string[]) {}

  /** Whether one of the stops has come. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Adds a token; returns the text that is final with it. */
  add(tokenId: number): string {
    // A model may have more rows than its tokenizer has tokens.
    if (this.#stopped || !this.tokenizer.hasToken(tokenId)) return '';
    this.#tokenIds.push(tokenId);
    const before = this.#read(this.#from, this.#next);
    const now = this.#read(this.#from, this.#tokenIds.length);
    if (now.endsWith(unfinished) && this.#tokenIds.length - this.#next < longestCharacter) return '';
    this.#from = this.#next;
    this.#next = this.#tokenIds.length;
    return this.#release(now.slice(before.length));
  }

  /** The rest, once no token follows. A character that a limit has cut is left out. */
  finish(): string {
    if (this.#stopped) return '';
    const rest = this.#read(this.#from, this.#tokenIds.length).slice(this.#read(this.#from, this.#next).length);
    const text = this.#release(rest.replace(/\u{fffd}+$/u, '')) + this.#held;
    this.#held = '';
    return text;
  }

  #read(from: number, to: number): string {
    return this.tokenizer.decode(this.#tokenIds.slice(from, to), { skipSpecialTokens: true });
  }

  /** Keeps back what may begin a stop; ends at the first whole one. */
  #release(text: string): string {
    const all = this.#held + text;
    const places = this.stops.map((stop) => all.indexOf(stop)).filter((place) => place >= 0);
    if (places.length > 0) {
      this.#stopped = true;
      this.#held = '';
      return all.slice(0, Math.min(...places));
    }
    const held = Math.max(0, ...this.stops.map((stop) => begunAtEnd(all, stop)));
    this.#held = all.slice(all.length - held);
    return all.slice(0, all.length - held);
  }
}

/** How many characters at the end of a text are the beginning of another. */
export function begunAtEnd(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) if (stop.startsWith(text.slice(text.length - length))) return length;
  return 0;
}
