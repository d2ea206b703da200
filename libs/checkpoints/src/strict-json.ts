/** What a safetensors header may hold: objects as maps, so that no key is special, and whole numbers only. */
export type StrictJson = string | number | StrictJson[] | Map<string, StrictJson>;

/** Where and why the text is refused. */
export class StrictJsonError extends Error {
  constructor(
    readonly reason: 'syntax' | 'duplicate-key' | 'unsafe-integer',
    readonly position: number,
    detail: string,
  ) {
    super(`${detail} at character ${position}`);
  }
}

const deepest = 8;

/**
 * Parses JSON of objects, arrays, strings and non-negative whole numbers. Unlike JSON.parse it sees duplicate keys, keeps `__proto__` an
 * ordinary key, and refuses numbers that are negative, fractional, in exponent form, or beyond 2^53 - 1.
 */
export function parseStrictJson(text: string): StrictJson {
  let at = 0;
  const numberLike = /[-+.eE0-9]+/y;

  function fail(detail: string, reason: StrictJsonError['reason'] = 'syntax', position = at): never {
    throw new StrictJsonError(reason, position, detail);
  }

  function skipSpace(): void {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      at += 1;
    }
  }

  function parseString(): string {
    const start = at;
    at += 1;
    let plain = true;
    for (;;) {
      const code = text.charCodeAt(at);
      if (Number.isNaN(code)) fail('unterminated string', 'syntax', start);
      if (code < 0x20) fail('control character in a string');
      if (code === 0x22) break;
      if (code === 0x5c) {
        plain = false;
        at += 1;
      }
      at += 1;
    }
    at += 1;
    if (plain) return text.slice(start + 1, at - 1);
    try {
      const value: unknown = JSON.parse(text.slice(start, at));
      return String(value);
    } catch {
      return fail('bad escape in a string', 'syntax', start);
    }
  }

  function parseNumber(): number {
    const start = at;
    numberLike.lastIndex = at;
    const digits = numberLike.exec(text)?.[0] ?? '';
    at += digits.length;
    if (!/^(?:0|[1-9][0-9]*)$/.test(digits)) fail(`expected a non-negative whole number, found ${digits.slice(0, 40)}`, 'unsafe-integer', start);
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) fail(`the number ${digits.slice(0, 40)} exceeds 2^53 - 1`, 'unsafe-integer', start);
    return value;
  }

  function parseObject(depth: number): Map<string, StrictJson> {
    const object = new Map<string, StrictJson>();
    at += 1;
    skipSpace();
    if (text.charAt(at) === '}') {
      at += 1;
      return object;
    }
    for (;;) {
      skipSpace();
      if (text.charAt(at) !== '"') fail('expected a key');
      const keyAt = at;
      const key = parseString();
      if (object.has(key)) fail(`the key ${JSON.stringify(key.slice(0, 200))} stands twice`, 'duplicate-key', keyAt);
      skipSpace();
      if (text.charAt(at) !== ':') fail('expected ":"');
      at += 1;
      object.set(key, parseValue(depth));
      skipSpace();
      const next = text.charAt(at);
      at += 1;
      if (next === '}') return object;
      if (next !== ',') fail('expected "," or "}"', 'syntax', at - 1);
    }
  }

  function parseArray(depth: number): StrictJson[] {
    const array: StrictJson[] = [];
    at += 1;
    skipSpace();
    if (text.charAt(at) === ']') {
      at += 1;
      return array;
    }
    for (;;) {
      array.push(parseValue(depth));
      skipSpace();
      const next = text.charAt(at);
      at += 1;
      if (next === ']') return array;
      if (next !== ',') fail('expected "," or "]"', 'syntax', at - 1);
    }
  }

  function parseValue(depth: number): StrictJson {
    if (depth > deepest) fail('nested too deeply');
    skipSpace();
    const first = text.charAt(at);
    if (first === '"') return parseString();
    if (first === '{') return parseObject(depth + 1);
    if (first === '[') return parseArray(depth + 1);
    if (first === '-' || (first >= '0' && first <= '9')) return parseNumber();
    return fail(first === '' ? 'the text ends too early' : `unexpected ${JSON.stringify(first)}`);
  }

  const value = parseValue(0);
  skipSpace();
  if (at !== text.length) fail('unexpected text after the end');
  return value;
}
