import { parsePythonLiteral } from '@tunesmith/datasets';
import { Float, kindOf, showValue, Tuple, type CallRecord, type CallValue, type FunctionCall } from './call-value.js';

/** A text that is no list of calls. */
export class NoCalls extends Error {}

const token = /\s+|(?<text>[rRuU]?(?:"""[^]*?"""|'''[^]*?'''|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'))|(?<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<mark>\*\*|[()[\]{},=.:+\-*/])/uy;

interface Token {
  readonly kind: 'text' | 'number' | 'name' | 'mark' | 'end';
  readonly source: string;
}

/**
 * Calls as Python writes them, `[f(a=1), g.h(b="x")]` or one alone, with what the Berkeley Function Calling Leaderboard makes of values: arguments by name only (others
 * are passed over), names without quotes as texts, sums and products computed, calls inside as records. @throws NoCalls with the reason.
 */
export function readPythonCalls(text: string): FunctionCall[] {
  const reader = new Reader(tokensOf(text));
  const calls = reader.take('[') ? reader.list(']', () => reader.call()) : [reader.call()];
  reader.expectEnd();
  return calls;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const groups = token.exec(text)?.groups;
    if (!groups) throw new NoCalls(`unexpected ${JSON.stringify(text.slice(at, at + 20))}`);
    const found = Object.entries(groups).find(([, source]) => source !== undefined);
    if (found) tokens.push({ kind: found[0] as Token['kind'], source: found[1] });
  }
  return tokens;
}

class Reader {
  #at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  take(mark: string): boolean {
    if (this.next.kind !== 'mark' || this.next.source !== mark) return false;
    this.#at += 1;
    return true;
  }

  list<Item>(end: string, item: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.take(end)) {
      items.push(item());
      if (this.take(',')) continue;
      this.expect(end);
      break;
    }
    return items;
  }

  call(): FunctionCall {
    const name = this.name();
    this.expect('(');
    return { name, arguments: this.arguments().named };
  }

  expectEnd(): void {
    if (this.next.kind !== 'end') throw new NoCalls(`unexpected ${JSON.stringify(this.next.source)} after the calls`);
  }

  private get next(): Token {
    return this.tokens[this.#at] ?? { kind: 'end', source: 'the end' };
  }

  private expect(mark: string): void {
    if (!this.take(mark)) throw new NoCalls(`expected ${mark}; got ${this.next.source.slice(0, 40)}`);
  }

  private name(): string {
    if (this.next.kind !== 'name') throw new NoCalls(`expected the name of a function; got ${this.next.source.slice(0, 40)}`);
    let name = this.advance().source;
    while (this.take('.')) {
      if (this.next.kind !== 'name') throw new NoCalls('expected a name after the point');
      name += `.${this.advance().source}`;
    }
    return name;
  }

  private arguments(): { named: CallRecord; places: CallValue[] } {
    const [named, places]: [Record<string, CallValue>, CallValue[]] = [{}, []];
    this.list(')', () => {
      const following = this.tokens[this.#at + 1];
      if (this.next.kind !== 'name' || following?.source !== '=') {
        if (Object.keys(named).length > 0) throw new NoCalls('an argument without a name stands behind one with a name');
        places.push(this.value());
        return;
      }
      const key = this.advance().source;
      this.expect('=');
      if (Object.hasOwn(named, key)) throw new NoCalls(`the argument ${key} is given twice`);
      Object.defineProperty(named, key, { value: this.value(), enumerable: true });
    });
    return { named, places };
  }

  private value(): CallValue {
    let left = this.product();
    for (let sign = this.sign('+', '-'); sign; sign = this.sign('+', '-')) left = computed(left, sign, this.product());
    return left;
  }

  private product(): CallValue {
    let left = this.signed();
    for (let sign = this.sign('*', '/'); sign; sign = this.sign('*', '/')) left = computed(left, sign, this.signed());
    return left;
  }

  private signed(): CallValue {
    if (this.take('+')) return computed(0, '+', this.signed());
    if (this.take('-')) return computed(0, '-', this.signed());
    const base = this.single();
    return this.take('**') ? computed(base, '**', this.signed()) : base;
  }

  private sign(...marks: readonly string[]): string | undefined {
    return marks.find((mark) => this.take(mark));
  }

  private single(): CallValue {
    const { kind, source } = this.next;
    if (kind === 'text') return this.text();
    if (kind === 'number') return numberOf(this.advance().source);
    if (kind === 'name') return this.named();
    if (this.take('[')) return this.list(']', () => this.value());
    if (this.take('{')) return this.record();
    if (!this.take('(')) throw new NoCalls(`expected a value; got ${source.slice(0, 40)}`);
    const items: CallValue[] = [];
    let alone = true;
    while (!this.take(')')) {
      items.push(this.value());
      if (this.take(',')) alone = false;
      else {
        this.expect(')');
        break;
      }
    }
    return alone && items.length === 1 ? items[0]! : new Tuple(items);
  }

  private record(): CallRecord {
    const record: Record<string, CallValue> = {};
    this.list('}', () => {
      const key = this.value();
      this.expect(':');
      Object.defineProperty(record, typeof key === 'string' ? key : showValue(key), { value: this.value(), enumerable: true, configurable: true, writable: true });
    });
    return record;
  }

  private named(): CallValue {
    const word = this.advance().source;
    if (word === 'True' || word === 'False') return word === 'True';
    if (word === 'None') return null;
    this.#at -= 1;
    const name = this.name();
    if (!this.take('(')) {
      if (name.includes('.')) throw new NoCalls(`expected a value; got ${name}`);
      return name;
    }
    const { named, places } = this.arguments();
    return Object.keys(named).length === 0 ? `${name}(${places.map(showValue).join(', ')})` : { [name]: named };
  }

  /** Neighbouring texts are one. */
  private text(): string {
    let text = '';
    while (this.next.kind === 'text') text += textOf(this.advance().source);
    return text;
  }

  private advance(): Token {
    const found = this.next;
    this.#at += 1;
    return found;
  }
}

function textOf(source: string): string {
  const [, prefix, mark, inside] = /^([a-zA-Z]?)("""|'''|"|')([^]*)\2$/.exec(source)!;
  if (/[rR]/.test(prefix!)) return inside!;
  // Three quotes allow line ends and quotes inside.
  const written = mark!.length === 1 ? source.slice(prefix!.length) : `"${inside!.replace(/\\[^]|"|\n/g, (found) => (found === '"' ? '\\"' : found === '\n' ? '\\n' : found))}"`;
  const text = parsePythonLiteral(written);
  if (typeof text !== 'string') throw new NoCalls(`unreadable text ${source.slice(0, 40)}`);
  return text;
}

function numberOf(source: string): CallValue {
  const value = Number(source.replaceAll('_', ''));
  if (Number.isNaN(value) || /^0\d/.test(source)) throw new NoCalls(`unreadable number ${source}`);
  return /[.eE]/.test(source) ? new Float(value) : value;
}

function computed(left: CallValue, sign: string, right: CallValue): CallValue {
  const [one, other] = [left, right].map((value) => (value instanceof Float ? value.value : typeof value === 'number' ? value : undefined));
  if (one === undefined || other === undefined) {
    if (sign === '+' && typeof left === 'string' && typeof right === 'string') return left + right;
    throw new NoCalls(`cannot compute ${kindOf(left)} ${sign} ${kindOf(right)}`);
  }
  const value = sign === '+' ? one + other : sign === '-' ? one - other : sign === '*' ? one * other : sign === '/' ? one / other : one ** other;
  if (!Number.isFinite(value)) throw new NoCalls(`cannot compute ${one} ${sign} ${other}`);
  return sign === '/' || left instanceof Float || right instanceof Float || !Number.isInteger(value) ? new Float(value) : value;
}
