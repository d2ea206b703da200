/** A value written as Python writes it: texts, numbers, True, False, None, lists, tuples, dictionaries. Undefined where the text is nothing of the kind. */
export function parsePythonLiteral(source: string): unknown {
  const reader = new Reader(source);
  try {
    const value = reader.value();
    reader.blanks();
    return reader.atEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07', '0': '\0', '\n': '', '\\': '\\', "'": "'", '"': '"' };

class Reader {
  #at = 0;

  constructor(private readonly source: string) {}

  get atEnd(): boolean {
    return this.#at >= this.source.length;
  }

  blanks(): void {
    while (/\s/.test(this.source[this.#at] ?? '')) this.#at += 1;
  }

  value(): unknown {
    this.blanks();
    const next = this.source[this.#at] ?? '';
    if (next === '[') return this.items(']');
    if (next === '(') return this.items(')');
    if (next === '{') return this.pairs();
    if (next === "'" || next === '"') return this.text();
    const [word] = /^[A-Za-z]+|^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(this.source.slice(this.#at)) ?? [];
    if (word === undefined) throw new NoLiteral();
    this.#at += word.length;
    if (word === 'True') return true;
    if (word === 'False') return false;
    if (word === 'None') return null;
    const number = Number(word.replaceAll('_', ''));
    if (Number.isNaN(number)) throw new NoLiteral();
    return number;
  }

  private take(character: string): boolean {
    this.blanks();
    if (this.source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  private items(end: string): unknown[] {
    this.#at += 1;
    const found: unknown[] = [];
    while (!this.take(end)) {
      found.push(this.value());
      if (this.take(',')) continue;
      if (this.take(end)) break;
      throw new NoLiteral();
    }
    return found;
  }

  private pairs(): Record<string, unknown> {
    this.#at += 1;
    const found: Record<string, unknown> = {};
    while (!this.take('}')) {
      const key = this.value();
      if (!this.take(':')) throw new NoLiteral();
      Object.defineProperty(found, String(key), { value: this.value(), enumerable: true, configurable: true, writable: true });
      if (this.take(',')) continue;
      if (this.take('}')) break;
      throw new NoLiteral();
    }
    return found;
  }

  /** Neighbouring texts are one, as in Python. */
  private text(): string {
    const quote = this.source[this.#at]!;
    const mark = this.source.startsWith(quote.repeat(3), this.#at) ? quote.repeat(3) : quote;
    this.#at += mark.length;
    let found = '';
    for (;;) {
      const character = this.source[this.#at];
      // Only three quotes go over several lines.
      if (character === undefined || (character === '\n' && mark === quote)) throw new NoLiteral();
      if (this.source.startsWith(mark, this.#at)) {
        this.#at += mark.length;
        break;
      }
      this.#at += 1;
      if (character !== '\\') {
        found += character;
        continue;
      }
      const hex = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(this.source.slice(this.#at));
      const escaped = this.source[this.#at] ?? '';
      if (hex) {
        found += String.fromCodePoint(parseInt(hex[1] ?? hex[2] ?? hex[3]!, 16));
        this.#at += hex[0].length;
      } else {
        found += escapes[escaped] ?? `\\${escaped}`;
        this.#at += 1;
      }
    }
    const after = this.#at;
    this.blanks();
    if (this.source[this.#at] === "'" || this.source[this.#at] === '"') return found + this.text();
    this.#at = after;
    return found;
  }
}
