import { JinjaError } from './jinja-error.js';

declare global {
  // Node has it since 22; the declarations of TypeScript do not yet.
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

/** A float that JavaScript would take for a whole number: 5.0 is written as 5.0. Other floats are plain numbers. */
export class Float {
  constructor(readonly value: number) {}

  /** As JSON writes it: 5.0, so that it is read as a float again. */
  toJSON(): unknown {
    return rawJson(pythonRepr(this));
  }
}

/** A whole number that JavaScript has no exact number for. */
export class LargeInteger {
  constructor(readonly value: bigint) {}

  toJSON(): unknown {
    return rawJson(String(this.value));
  }
}

function rawJson(text: string): unknown {
  return JSON.rawJSON(text);
}

/** For `JSON.parse`: 5.0 stays a float and large whole numbers stay exact, and both are written again as they were read. */
export function exactNumbers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  if (/[.eE]/.test(context.source)) return float(value);
  return Number.isSafeInteger(value) ? value : new LargeInteger(BigInt(context.source));
}

/** What Python writes in parentheses, and does not change. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

export class Range {
  constructor(readonly start: number, readonly stop: number, readonly step: number) {}

  get length(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }

  items(): number[] {
    return Array.from({ length: this.length }, (_, place) => this.start + place * this.step);
  }
}

/** The value of a name or a field that there is none of; nothing but `is defined` and `default` may touch it. */
export class Undefined {
  constructor(readonly what: string) {}
}

export interface CallArguments {
  readonly positional: readonly unknown[];
  readonly named: ReadonlyMap<string, unknown>;
}

/** What can be called. */
export class Callable {
  constructor(readonly name: string, readonly call: (given: CallArguments) => unknown) {}
}

/** A thing with attributes, such as `loop`, and what happens where it is called. */
export class Attributes {
  constructor(readonly get: (name: string) => unknown, readonly call?: (given: CallArguments) => unknown) {}
}

/** `namespace(…)`: its attributes can be set from inside of loops. */
export class Namespace {
  constructor(readonly values: Map<string, unknown>) {}
}

/** A number of JavaScript as Python's float. */
export function float(value: number): unknown {
  return Number.isInteger(value) ? new Float(value) : value;
}

export function isFloat(value: unknown): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value));
}

/** The number that a value is, True as 1; undefined where it is none. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return Number(value);
  return value instanceof Float ? value.value : undefined;
}

export function kindOf(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return 'a truth value';
  if (isFloat(value)) return 'a float';
  if (typeof value === 'number' || typeof value === 'bigint') return 'a whole number';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Tuple) return 'a tuple';
  if (value instanceof Map) return 'a dictionary';
  if (value instanceof Undefined) return 'nothing';
  if (value instanceof Range) return 'a range';
  return value instanceof Callable ? 'a function' : 'an object';
}

/** The value, which must be there. @throws JinjaError */
export function defined(value: unknown): unknown {
  if (value instanceof Undefined) throw new JinjaError(`${value.what} is not defined`);
  return value;
}

export function textOf(value: unknown, what = 'expected a text'): string {
  if (typeof defined(value) === 'string') return value as string;
  throw new JinjaError(`${what}; got ${kindOf(value)}`);
}

/** Characters as Python counts them: code points. */
export function charactersOf(text: string): string[] {
  return [...text];
}

/** Everything that a loop goes over. @throws JinjaError */
export function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (value instanceof Tuple) return value.items;
  if (value instanceof Map) return [...(value as Map<unknown, unknown>).keys()];
  if (value instanceof Range) return value.items();
  if (typeof defined(value) === 'string') return charactersOf(value as string);
  throw new JinjaError(`expected a list; got ${kindOf(value)}`);
}

export function lengthOf(value: unknown): number {
  if (value instanceof Map) return value.size;
  if (value instanceof Range) return value.length;
  return itemsOf(value).length;
}

export function isTrue(value: unknown): boolean {
  defined(value);
  if (value === null || value === false || value === '') return false;
  const number = numberOf(value);
  if (number !== undefined) return number !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Map) return value.size > 0;
  return value instanceof Range ? value.length > 0 : true;
}

/** Whether Python calls them equal: 1, 1.0 and True are. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (typeof defined(one) === 'bigint' && typeof defined(other) === 'bigint') return one === other;
  const [number, otherNumber] = [numberOf(one), numberOf(defined(other))];
  if (number !== undefined || otherNumber !== undefined) return number === otherNumber;
  if (one instanceof Range || other instanceof Range) return one instanceof Range && other instanceof Range && isEqual(one.items(), other.items());
  for (const kind of [Array, Tuple] as const) {
    if (!(one instanceof kind) && !(other instanceof kind)) continue;
    if (!(one instanceof kind) || !(other instanceof kind)) return false;
    const [mine, theirs] = [itemsOf(one), itemsOf(other)];
    return mine.length === theirs.length && mine.every((item, place) => isEqual(item, theirs[place]));
  }
  if (one instanceof Map && other instanceof Map) return one.size === other.size && [...(one as Map<unknown, unknown>)].every(([key, value]) => other.has(key) && isEqual(value, other.get(key)));
  return one === other;
}

/** Below zero where the first comes first. Texts by code points. @throws JinjaError where Python knows no order */
export function compare(one: unknown, other: unknown): number {
  const [number, otherNumber] = [numberOf(defined(one)), numberOf(defined(other))];
  if (number !== undefined && otherNumber !== undefined) return number - otherNumber;
  if (typeof one === 'string' && typeof other === 'string') return one === other ? 0 : compareItems(charactersOf(one).map((each) => each.codePointAt(0)!), charactersOf(other).map((each) => each.codePointAt(0)!));
  if ((Array.isArray(one) && Array.isArray(other)) || (one instanceof Tuple && other instanceof Tuple)) return compareItems(itemsOf(one), itemsOf(other));
  throw new JinjaError(`${kindOf(one)} and ${kindOf(other)} have no order`);
}

function compareItems(one: readonly unknown[], other: readonly unknown[]): number {
  const place = one.findIndex((item, at) => at >= other.length || !isEqual(item, other[at]));
  if (place < 0) return one.length - other.length;
  return place >= other.length ? 1 : compare(one[place], other[place]);
}

export function contains(all: unknown, wanted: unknown): boolean {
  if (typeof all === 'string') return all.includes(textOf(wanted, 'a text holds texts only'));
  if (all instanceof Map) return all.has(keyOf(wanted));
  return itemsOf(all).some((item) => isEqual(item, wanted));
}

/** A value as the key of a dictionary. */
export function keyOf(value: unknown): unknown {
  defined(value);
  if (value instanceof Float || typeof value === 'boolean') return numberOf(value);
  if (typeof value === 'object' && value !== null && !(value instanceof Tuple)) throw new JinjaError(`${kindOf(value)} cannot be a key`);
  return value;
}

/** What Python's `str` makes of a value: texts as they are, `None`, `True`, `1.0`, and lists and dictionaries as `repr` writes them. */
export function pythonText(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

/** What Python's `repr` makes of a value. */
export function pythonRepr(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (isFloat(value)) return floatText(numberOf(value)!);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (value instanceof Tuple) return value.items.length === 1 ? `(${pythonRepr(value.items[0])},)` : `(${value.items.map(pythonRepr).join(', ')})`;
  if (value instanceof Map) return `{${[...(value as Map<unknown, unknown>)].map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`).join(', ')}}`;
  if (value instanceof Range) return `range(${value.start}, ${value.stop}${value.step === 1 ? '' : `, ${value.step}`})`;
  if (value instanceof Callable) throw new JinjaError(`${value.name} is a function; call it, or write ["${value.name}"] for the field of that name`);
  defined(value);
  throw new JinjaError(`${kindOf(value)} cannot be written as text`);
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Single quotes, unless the text holds such and no double ones. What cannot be printed by its number. */
function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const written = text.replace(/[\\'"]|(?! )[\p{C}\p{Z}]/gu, (character) => {
    if (character === "'" || character === '"') return character === mark ? `\\${character}` : character;
    const known = escapes[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0)!.toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
  });
  return mark + written + mark;
}

function floatText(number: number): string {
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  if (Object.is(number, -0)) return '-0.0';
  const size = Math.abs(number);
  // Python writes exponents from 1e16 on and below 1e-4, with two digits at least.
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) return number.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(number) ? number.toFixed(1) : String(number);
}

/** Rounded to so many digits, of two equally near numbers the even one: 2.5 to 2, 0.125 to 0.12. */
export function rounded(number: number, digits: number): number {
  if (!Number.isFinite(number) || digits > 60) return number;
  if (digits < 0) return rounded(number / 10 ** -digits, 0) * 10 ** -digits;
  if (Math.abs(number) >= 1e21) return number;
  const near = number.toFixed(digits);
  const exact = Math.abs(number).toFixed(Math.min(100, digits + 40));
  const tail = exact.slice(exact.indexOf('.') + 1 + digits);
  if (!/^50*$/.test(tail)) return Number(near);
  const kept = exact.slice(0, exact.length - tail.length).replace(/\.$/, '');
  const even = Number(kept.at(-1)) % 2 === 0;
  return Math.sign(number) * (even ? Number(kept) : Number(Math.abs(number).toFixed(digits)));
}

/** A value of a document, in which lists and objects are JavaScript's. */
export function fromPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (value === undefined) return new Undefined('the value');
  if (value instanceof LargeInteger) return value.value;
  if (typeof value !== 'object' || value === null || value instanceof Float) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, fromPlain(item)]));
}

/** The other way round; tuples become lists. */
export function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Tuple) return value.items.map(toPlain);
  if (value instanceof Range) return value.items();
  if (typeof value === 'bigint') return new LargeInteger(value);
  if (value instanceof Map) return Object.fromEntries([...(value as Map<unknown, unknown>)].map(([key, item]) => [pythonText(key), toPlain(item)]));
  return defined(value);
}
