import { EvaluationError } from '../evaluation-error.js';

const unicodeClasses: Readonly<Record<string, string>> = { w: '\\p{L}\\p{N}_', d: '\\p{Nd}' };

/**
 * A regular expression of Python's `re` as one of JavaScript: flags at the start (`(?s)`), named groups, `\A` and `\Z`, letters and digits of
 * every script, escapes of plain characters. @throws EvaluationError `pattern-invalid`
 */
export function pythonRegExp(pattern: string, flags = 'g'): RegExp {
  const [, inline = '', rest = ''] = /^(?:\(\?([aimsux]+)\))?([^]*)$/.exec(pattern) ?? [];
  const unknown = [...inline].find((flag) => !'imsu'.includes(flag));
  if (unknown !== undefined) throw invalid(pattern, `the flag (?${unknown}) has no counterpart here`);
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
    } else if (rest.startsWith('(?P=', at)) {
      const end = rest.indexOf(')', at);
      source += `\\k<${rest.slice(at + 4, end)}>`;
      at = end;
    } else if (/^\{,\d+\}/.test(rest.slice(at))) source += '{0';
    else if (character === '{' && !/^\{\d*,?\d*\}/.test(rest.slice(at))) source += '\\{';
    else if (character === '}' && !/\{\d*,?\d*$/.test(rest.slice(0, at))) source += '\\}';
    else source += character;
  }
  try {
    return new RegExp(source, [...new Set([...flags, ...inline, 'u'])].join(''));
  } catch (cause) {
    throw invalid(pattern, (cause as Error).message);
  }
}

function escape(character: string, inClass: boolean): string {
  const lower = character.toLowerCase();
  if (lower === 'w' || lower === 'd') {
    if (character === lower) return inClass ? unicodeClasses[lower]! : `[${unicodeClasses[lower]!}]`;
    if (!inClass) return `[^${unicodeClasses[lower]!}]`;
    return lower === 'd' ? '\\P{Nd}' : '\\W';
  }
  if (!inClass && character === 'A') return '(?<![^])';
  if (!inClass && character === 'Z') return '(?![^])';
  if (/[\^$\\.*+?()[\]{}|/]/.test(character)) return `\\${character}`;
  if (character === '-') return inClass ? '\\-' : '-';
  return /[A-Za-z0-9]/.test(character) ? `\\${character}` : character;
}

function invalid(pattern: string, reason: string): EvaluationError {
  return new EvaluationError({ message: `The pattern ${JSON.stringify(pattern)} cannot be used: ${reason}. Expected a regular expression as Python's re reads it.`, code: 'pattern-invalid', facts: { pattern } });
}

/** Python's `findall`: whole matches, the one group of each, or all groups of each. */
export function findAll(expression: RegExp, text: string): (string | string[])[] {
  return [...text.matchAll(expression)].map((match) => (match.length === 1 ? match[0] : match.length === 2 ? (match[1] ?? '') : match.slice(1).map((group) => group ?? '')));
}
