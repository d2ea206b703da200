/** A number written as one of Python's float: 5.0 is another kind of value than 5. */
export class Float {
  constructor(readonly value: number) {}
}

/** What Python writes in parentheses. */
export class Tuple {
  constructor(readonly items: readonly CallValue[]) {}
}

/** A value that a call passes, with the kinds that Python tells apart. Plain numbers are its int. */
export type CallValue = null | boolean | number | string | Float | Tuple | readonly CallValue[] | CallRecord;
export interface CallRecord {
  readonly [name: string]: CallValue;
}

/** One call of a function, by its name. */
export interface FunctionCall {
  readonly name: string;
  readonly arguments: CallRecord;
}

export type CallKind = 'NoneType' | 'bool' | 'int' | 'float' | 'str' | 'tuple' | 'list' | 'dict';

/** The value's kind, by Python's name. */
export function kindOf(value: CallValue): CallKind {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'string') return 'str';
  if (value instanceof Float) return 'float';
  if (value instanceof Tuple) return 'tuple';
  return isList(value) ? 'list' : 'dict';
}

/** Whether Python calls them equal: 5 and 5.0 are, and 1 and True; a list and a tuple are not. */
export function sameValue(one: CallValue, other: CallValue): boolean {
  const [number, otherNumber] = [numberOf(one), numberOf(other)];
  if (number !== undefined || otherNumber !== undefined) return number === otherNumber;
  if (one instanceof Tuple || other instanceof Tuple) return one instanceof Tuple && other instanceof Tuple && sameValue(one.items, other.items);
  if (isList(one) || isList(other)) return isList(one) && isList(other) && one.length === other.length && one.every((item, place) => sameValue(item, other[place]!));
  if (!isRecord(one) || !isRecord(other)) return one === other;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && sameValue(one[name]!, other[name]!));
}

export function isList(value: CallValue): value is readonly CallValue[] {
  return Array.isArray(value);
}

export function isRecord(value: CallValue): value is CallRecord {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Float) && !(value instanceof Tuple);
}

const deepest = 200;

/** JSON in which 5.0 stays a float. @throws SyntaxError where the text is none, RangeError where it nests deeper than 200. */
export function readJsonValue(text: string): CallValue {
  let depth = 0;
  for (const [mark] of text.matchAll(/"(?:[^"\\]|\\[^])*"|[[{\]}]/g)) if (mark.length === 1 && (depth += '[{'.includes(mark) ? 1 : -1) > deepest) throw new RangeError('too deep');
  return JSON.parse(text, (_key, value: CallValue, context?: { readonly source?: string }) => (typeof value === 'number' && /[.eE]/.test(context?.source ?? '') ? new Float(value) : value)) as CallValue;
}

/** A value as JSON, for people; 5.0 keeps its point. */
export function showValue(value: CallValue): string {
  if (value instanceof Float) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  if (value instanceof Tuple) return `(${value.items.map(showValue).join(', ')})`;
  if (isList(value)) return `[${value.map(showValue).join(', ')}]`;
  return isRecord(value) ? `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${showValue(item)}`).join(', ')}}` : JSON.stringify(value);
}

/** A value as JSON that every client reads: tuples are lists, and what JSON has no number for is null. */
export function valueToJson(value: CallValue): string {
  if (value instanceof Tuple) return valueToJson(value.items);
  if (value instanceof Float) return Number.isFinite(value.value) ? showValue(value) : 'null';
  if (isList(value)) return `[${value.map(valueToJson).join(',')}]`;
  return isRecord(value) ? `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${valueToJson(item)}`).join(',')}}` : JSON.stringify(value);
}

/** A call as Python writes it. */
export function showCall({ name, arguments: given }: FunctionCall): string {
  return `${name}(${Object.entries(given).map(([key, value]) => `${key}=${showValue(value)}`).join(', ')})`;
}

function numberOf(value: CallValue): number | undefined {
  if (value instanceof Float) return value.value;
  return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : undefined;
}
