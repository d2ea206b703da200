import type { z } from 'zod';
import { suggestion } from './nearest-name.js';

type Issue = z.core.$ZodIssue;

const nouns: Readonly<Record<string, string>> = { string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'names with values', record: 'names with values' };

/** What is wrong with a value, as messages here say it: what was expected, what came. `root` is what was checked. */
export function issueMessage(issue: Issue, root: unknown): string {
  const expected = expectationOf(issue);
  if (expected === undefined) return issue.message;
  const value = issueValue(issue, root);
  const came = described(value);
  // What compares several values says itself what came, or is about none alone.
  if (issue.code === 'custom' && (/; (?:got|it) /.test(expected) || !['string', 'number', 'boolean'].includes(typeof value))) return expected;
  if (/; got /.test(expected)) return expected;
  const meant = issue.code === 'invalid_value' && typeof value === 'string' ? suggestion(value, issue.values.map(String)) : '';
  return `${expected}; ${came}${meant}`;
}

/** What an issue is about, inside of what was checked; undefined where it is missing. */
export function issueValue({ path }: Issue, root: unknown): unknown {
  return path.reduce<unknown>((within, key) => (typeof within === 'object' && within !== null && Object.hasOwn(within, key) ? (within as Record<PropertyKey, unknown>)[key] : undefined), root);
}

/** "expected …", or undefined where the schema library's own words have to do. */
function expectationOf(issue: Issue): string | undefined {
  // Our own schemas bring their own words.
  if (issue.message.startsWith('expected ')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${nouns[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return sized(issue.origin, issue.minimum, issue.inclusive === false ? 'above' : 'of at least');
    case 'too_big':
      return sized(issue.origin, issue.maximum, issue.inclusive === false ? 'below' : 'of at most');
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return `expected ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return `expected ${issue.format === 'regex' ? 'another form' : issue.format.toUpperCase()}`;
    case 'invalid_union': {
      const options = issue.errors.flatMap((each) => each.filter(({ path }) => path.length === 0).flatMap((inner) => expectationOf(inner)?.slice('expected '.length) ?? []));
      return options.length === 0 ? undefined : `expected ${[...new Set(options)].join(' or ')}`;
    }
    default:
      return undefined;
  }
}

function sized(origin: string, size: number | bigint, bound: string): string {
  if (origin === 'string') return bound === 'of at least' && size === 1 ? 'expected a text that is not empty' : `expected a text ${bound} ${size} characters`;
  if (origin === 'array' || origin === 'set') return bound === 'of at least' && size === 1 ? 'expected a list that is not empty' : `expected a list ${bound} ${size} entries`;
  return `expected a number ${bound} ${size}`;
}

function described(value: unknown): string {
  if (value === undefined) return 'it is missing';
  if (Array.isArray(value)) return value.length === 0 ? 'got an empty list' : 'got a list';
  return typeof value === 'object' && value !== null ? 'got names with values' : `got ${JSON.stringify(value).slice(0, 100)}`;
}
