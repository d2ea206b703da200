import { Float, isList, isRecord, kindOf, sameValue, showCall, showValue, Tuple, type CallKind, type CallRecord, type CallValue, type FunctionCall } from '@tunesmith/generation';

/** A function that may be called, as the leaderboard or OpenAI describes it. */
export interface FunctionDescription {
  readonly name: string;
  readonly parameters: { readonly properties: Readonly<Record<string, ParameterDescription>>; readonly required: readonly string[] };
}

export interface ParameterDescription {
  /** A word of the leaderboard (`dict`, `float`, `tuple`, …) or of JSON Schema. */
  readonly type: string;
  readonly items?: { readonly type: string };
}

/** A call that is expected: by the name of each parameter the values that are right; an empty text among them means that it may be left out. */
export interface ExpectedCall {
  readonly name: string;
  readonly values: Readonly<Record<string, readonly CallValue[]>>;
}

const kinds: Readonly<Record<string, CallKind>> = { string: 'str', integer: 'int', float: 'float', number: 'float', boolean: 'bool', array: 'list', tuple: 'list', dict: 'dict', object: 'dict', any: 'str' };

/**
 * Why the calls are not the expected ones, by the rules of the Berkeley Function Calling Leaderboard for Python (ast_checker of bfcl-eval 2026.3.23); undefined where
 * they are. None expected: no call is right, whatever else the answer says. Several expected: in any order.
 */
export function checkCalls(descriptions: readonly FunctionDescription[], calls: readonly FunctionCall[], expected: readonly ExpectedCall[]): string | undefined {
  if (calls.length !== expected.length) return `expected ${count(expected.length)}; got ${count(calls.length)}${calls.length > 0 ? `: ${calls.map(showCall).join(', ')}` : ''}`;
  const left = [...calls];
  for (const each of expected) {
    const description = descriptions.find(({ name }) => name === each.name);
    if (!description) return `the expected function ${each.name} is not among those described`;
    const problems = left.map((call) => checkCall(description, call, each));
    const place = problems.indexOf(undefined);
    if (place < 0) return problems.length === 1 ? problems[0] : `no call is the expected one of ${each.name}: ${problems.join('; ')}`;
    left.splice(place, 1);
  }
  return undefined;
}

function count(calls: number): string {
  return calls === 0 ? 'no call' : calls === 1 ? 'one call' : `${calls} calls`;
}

function checkCall({ name, parameters: { properties, required } }: FunctionDescription, call: FunctionCall, { values }: ExpectedCall): string | undefined {
  if (call.name !== name) return `expected a call of ${name}; got ${call.name}`;
  const absent = required.find((parameter) => !Object.hasOwn(call.arguments, parameter));
  if (absent !== undefined) return `the required parameter ${absent} is missing`;
  for (const [parameter, value] of Object.entries(call.arguments)) {
    if (!Object.hasOwn(properties, parameter) || !Object.hasOwn(values, parameter)) return `the parameter ${parameter} is not expected`;
    const problem = checkValue(properties[parameter]!, value, values[parameter]!);
    if (problem !== undefined) return `${parameter}: ${problem}`;
  }
  const left = Object.keys(values).find((parameter) => !Object.hasOwn(call.arguments, parameter) && !values[parameter]!.includes(''));
  return left === undefined ? undefined : `the parameter ${left} is missing`;
}

function checkValue({ type, items }: ParameterDescription, given: CallValue, right: readonly CallValue[]): string | undefined {
  const kind = kinds[type];
  if (kind === undefined) return `the type ${type} is not known`;
  const inner = type === 'array' || type === 'tuple' ? kinds[items?.type ?? ''] : undefined;
  // Right answers come from JSON, which has no tuples; an int will do for a float.
  const value = type === 'tuple' && given instanceof Tuple ? given.items : kind === 'float' && typeof given === 'number' ? new Float(given) : given;
  const typed = checkType(value, right, kind, inner);
  if (typeof typed === 'string') return typed;
  if (!typed.variable) {
    if (kind === 'dict') return checkRecord(value, right);
    if (kind === 'list' && inner === 'dict') return checkRecords(value, right);
    if (kind === 'str') return right.some((each) => typeof each === 'string' && plain(each) === plain(value)) ? undefined : unexpected(value, right);
    if (kind === 'list') return right.some((each) => sameValue(plainItems(each), plainItems(value))) ? undefined : unexpected(value, right);
  }
  return right.some((each) => sameValue(value, each)) ? undefined : unexpected(value, right);
}

/** Whether the value is of the right kind; `variable`: the right answers are of another kind than the description says, as where a variable stands for a value. */
function checkType(value: CallValue, right: readonly CallValue[], kind: CallKind, inner: CallKind | undefined): { readonly variable: boolean } | string {
  const first = right.find((each) => each !== '');
  const rightKind = first === undefined ? undefined : kindOf(first);
  const variable = rightKind !== undefined && rightKind !== kind;
  if (kindOf(value) === kind) {
    if (inner === undefined) return { variable };
    // One of the right lists whose items are of the kinds of these.
    if (right.some((each) => !isList(each) || (value as readonly CallValue[]).every((item) => typeof checkType(item, each, inner, undefined) !== 'string'))) return { variable };
  } else if (kindOf(value) === rightKind) return { variable: true };
  return `expected ${kind}${inner === undefined ? '' : ` of ${inner}`}; got ${kindOf(value)}: ${showValue(value)}`;
}

function checkRecord(value: CallValue, right: readonly CallValue[]): string | undefined {
  let problem = unexpected(value, right);
  for (const each of right) {
    if (!isRecord(each) || !isRecord(value)) continue;
    const own = checkEntries(value, each);
    if (own === undefined) return undefined;
    problem = own;
  }
  return problem;
}

function checkEntries(value: CallRecord, right: CallRecord): string | undefined {
  for (const [key, item] of Object.entries(value)) {
    const allowed = Object.hasOwn(right, key) ? right[key]! : undefined;
    if (allowed === undefined) return `the key ${key} is not expected`;
    if (!isList(allowed) || !allowed.some((each) => sameValue(plain(each), plain(item)))) return `${key}: ${unexpected(item, isList(allowed) ? allowed : [allowed])}`;
  }
  const missing = Object.entries(right).find(([key, allowed]) => !Object.hasOwn(value, key) && !(isList(allowed) && allowed.includes('')));
  return missing && `the key ${missing[0]} is missing`;
}

function checkRecords(value: CallValue, right: readonly CallValue[]): string | undefined {
  const own = value as readonly CallValue[];
  const fits = right.some((each) => isList(each) && each.length === own.length && own.every((item, place) => checkRecord(item, [each[place]!]) === undefined));
  return fits ? undefined : unexpected(value, right);
}

/** Texts without blanks and what people write between words and numbers, small, with one kind of quotes: April 1, 2024 is April 1 2024. */
function plain(value: CallValue): CallValue {
  return typeof value === 'string' ? value.replace(/[ ,./\-_*^]/g, '').toLowerCase().replaceAll("'", '"') : value;
}

/** What may be left out may be an empty list too. */
function plainItems(value: CallValue): CallValue {
  return isList(value) ? value.map(plain) : value === '' ? [] : value;
}

function unexpected(value: CallValue, right: readonly CallValue[]): string {
  return `${showValue(value)} is none of ${showValue(right)}`;
}
