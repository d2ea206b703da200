/** A pattern that cannot be used, with the reason. */
export class PatternError extends Error {
  override readonly name = 'PatternError';

  constructor(readonly pattern: string, reason: string, cause?: unknown) {
    super(`The pattern ${JSON.stringify(pattern)} cannot be used: ${reason}. Expected a regular expression as Python's re reads it.`, { cause });
  }
}

const classes: Readonly<Record<string, string>> = { w: '\\p{L}\\p{N}_', d: '\\p{Nd}', s: '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000' };
const wordStart = `(?=[${classes['w']!}])(?<![${classes['w']!}])`;
const wordEnd = `(?<=[${classes['w']!}])(?![${classes['w']!}])`;

/**
 * A regular expression of Python's `re` as one of JavaScript: flags at the start (`(?s)`), named groups, `\A` and `\Z`, letters, digits, blanks and bounds of words
 * of every script, `$` before a last line break, a dot that stops at \n alone, escapes of plain characters. @throws PatternError
 */
export function pythonRegExp(pattern: string, flags = 'g'): RegExp {
  const [, inline = '', rest = ''] = /^(?:\(\?([aimsuxL]+)\))?([^]*)$/.exec(pattern) ?? [];
  const unknown = [...inline].find((flag) => !'imsu'.includes(flag));
  if (unknown !== undefined) throw new PatternError(pattern, `the flag (?${unknown}) has no counterpart here`);
  const [dotAll, multiline] = [inline.includes('s'), inline.includes('m')];
  let source = '';
  let inClass = false;
  for (let at = 0; at < rest.length; at += 1) {
    const character = rest[at]!;
    if (character === '\\') {
      at += 1;
      source += escape(rest[at] ?? '\\', inClass);
    } else if (inClass) {
      if (character === ']') inClass = false;
      source += character === '[' || (character === '-' && rest[at + 1] === '-') ? `\\${character}` : character;
    } else if (character === '[') {
      inClass = true;
      source += character;
      if (rest[at + 1] === '^') source += rest[(at += 1)]!;
      // A bracket right at the start of a class is one of its members.
      if (rest[at + 1] === ']') {
        source += '\\]';
        at += 1;
      }
    } else if (rest.startsWith('(?P<', at)) {
      source += '(?<';
      at += 3;
    } else if (rest.startsWith('(?#', at)) {
      const end = rest.indexOf(')', at);
      at = end < 0 ? rest.length : end;
    } else if (rest.startsWith('(?P=', at)) {
      const end = rest.indexOf(')', at);
      source += `\\k<${rest.slice(at + 4, end)}>`;
      at = end;
    } else if (/^\{,\d+\}/.test(rest.slice(at))) source += '{0';
    else if (character === '{' && !/^\{\d*,?\d*\}/.test(rest.slice(at))) source += '\\{';
    else if (character === '}' && !/\{\d*,?\d*$/.test(rest.slice(0, at))) source += '\\}';
    else if (character === '$') source += multiline ? '(?=\\n|(?![^]))' : '(?=\\n?(?![^]))';
    else if (character === '^') source += multiline ? '(?<=\\n|(?<![^]))' : '(?<![^])';
    else if (character === '.') source += dotAll ? '[^]' : '[^\\n]';
    else source += character;
  }
  try {
    return new RegExp(source, [...new Set([...flags, ...(inline.includes('i') ? 'i' : ''), 'u'])].join(''));
  } catch (cause) {
    throw new PatternError(pattern, (cause as Error).message, cause);
  }
}

function escape(character: string, inClass: boolean): string {
  const lower = character.toLowerCase();
  if (classes[lower] !== undefined) {
    if (character === lower) return inClass ? classes[lower] : `[${classes[lower]}]`;
    if (!inClass) return `[^${classes[lower]}]`;
    return lower === 'd' ? '\\P{Nd}' : `\\${character}`;
  }
  if (!inClass && character === 'A') return '(?<![^])';
  if (!inClass && character === 'Z') return '(?![^])';
  if (!inClass && character === 'b') return `(?:${wordStart}|${wordEnd})`;
  if (!inClass && character === 'B') return `(?!${wordStart}|${wordEnd})`;
  if (character === 'a') return '\\x07';
  if (/[\^$\\.*+?()[\]{}|/]/.test(character)) return `\\${character}`;
  if (character === '-') return inClass ? '\\-' : '-';
  return /[A-Za-z0-9]/.test(character) ? `\\${character}` : character;
}
