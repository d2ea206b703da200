import { pythonRegExp } from '../python-regexp.js';
import { pythonSpaces } from '../python-spaces.js';
import { Bound } from './bind.js';
import { formatPercent } from './format.js';
import { JinjaError } from './jinja-error.js';
import { capitalized, centered, methodOf, stripped, type Surroundings } from './methods.js';
import { negated, operate } from './arithmetic.js';
import { findTest } from './tests.js';
import { charactersOf, compare, defined, float, isEqual, isFloat, isTrue, itemsOf, lengthOf, numberOf, pythonText, rounded, textOf, toPlain, Tuple, Undefined, type CallArguments } from './values.js';

export interface Filter {
  readonly parameters: readonly string[];
  /** Whether a value that is not there may be filtered. */
  readonly lenient?: boolean;
  /** `all`: what was given, where the parameters do not say it all. */
  run(value: unknown, given: Bound, surroundings: Surroundings, all: CallArguments): unknown;
}

const filter = (parameters: string, run: Filter['run'], lenient = false): Filter => ({ parameters: parameters === '' ? [] : parameters.split(' '), run, lenient });
const ofText = (change: (text: string) => string): Filter => filter('', (value) => change(pythonText(value)));
const pair = (positional: readonly unknown[]): CallArguments => ({ positional, named: new Map() });

/** Texts without their case, unless it counts. */
const caseless = (value: unknown, counts: unknown): unknown => (typeof value === 'string' && counts !== true ? value.toLowerCase() : value);

/** An attribute, also of an attribute (a.b) or by place (0). */
function attributeOf(item: unknown, path: unknown, { get }: Surroundings, usual?: unknown): unknown {
  const steps = typeof path === 'number' ? [path] : textOf(path, 'an attribute is a name').split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const found = steps.reduce((value: unknown, step) => (value instanceof Undefined ? value : get(value, step)), item);
  return found instanceof Undefined && usual !== undefined ? usual : found;
}

/** What is compared of each item. */
function keyed(given: Bound, surroundings: Surroundings): (item: unknown) => unknown {
  const attribute = given.get('attribute');
  return (item) => caseless(defined(attribute === undefined ? item : attributeOf(item, attribute, surroundings)), given.get('case_sensitive', false));
}

const extreme = (sign: 1 | -1): Filter => filter('case_sensitive attribute', (value, given, surroundings) => {
  const [key, items] = [keyed(given, surroundings), itemsOf(value)];
  return items.length === 0 ? new Undefined('the largest or smallest item of an empty list') : items.reduce((best, item) => (sign * compare(key(item), key(best)) > 0 ? item : best));
});

/** select, reject and their kin for attributes. */
const choosing = (wanted: boolean, byAttribute: boolean): Filter => ({
  parameters: [],
  run(value, _given, surroundings, { positional }) {
    const [attribute, ...others] = byAttribute ? positional : [undefined, ...positional];
    const [name, ...rest] = others;
    const test = name === undefined ? isTrue : (item: unknown): boolean => findTest(textOf(name))(item, ...rest);
    return itemsOf(value).filter((item) => test(byAttribute ? attributeOf(item, attribute, surroundings) : item) === wanted);
  },
});

const escapeHtml = ofText((text) => text.replaceAll('&', '&amp;').replaceAll('>', '&gt;').replaceAll('<', '&lt;').replaceAll("'", '&#39;').replaceAll('"', '&#34;'));

/** Filters of Jinja2, and `regex_replace` of lm-evaluation-harness. */
export const filters: Readonly<Record<string, Filter>> = {
  abs: filter('', (value) => ((numberOf(value) ?? 0) < 0 ? negated(value, -1) : negated(value, 1))),
  attr: filter('name', (value, given, { get }) => get(value, given.get('name'))),
  batch: filter('linecount fill_with', (value, given) => {
    const [items, size] = [itemsOf(value), Math.max(1, given.number('linecount', 1))];
    const rows = Array.from({ length: Math.ceil(items.length / size) }, (_, row) => items.slice(row * size, (row + 1) * size));
    const fill = given.get('fill_with', null);
    return rows.map((row) => (fill === null ? [...row] : [...row, ...Array.from({ length: size - row.length }, () => fill)]));
  }),
  capitalize: ofText(capitalized),
  center: filter('width', (value, given, { charge }) => centered(pythonText(value), given.number('width', 80), ' ', charge)),
  default: filter('default_value boolean', (value, given) => (value instanceof Undefined || (given.get('boolean', false) === true && !isTrue(value)) ? given.get('default_value', '') : value), true),
  dictsort: filter('case_sensitive by reverse', (value, given) => {
    if (!(value instanceof Map)) throw new JinjaError('dictsort takes a dictionary');
    const place = given.get('by', 'key') === 'value' ? 1 : 0;
    const sorted = [...(value as Map<unknown, unknown>)].sort((one, other) => compare(caseless(one[place], given.get('case_sensitive')), caseless(other[place], given.get('case_sensitive'))));
    return (given.get('reverse') === true ? sorted.reverse() : sorted).map((item) => new Tuple(item));
  }),
  escape: escapeHtml,
  first: filter('', (value) => itemsOf(value)[0] ?? new Undefined('the first item of an empty list')),
  float: filter('default', (value, given) => {
    const number = numberOf(defined(value)) ?? (typeof value === 'string' && /^\s*[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(value) ? Number(value.replaceAll('_', '')) : undefined);
    return number === undefined ? given.get('default', float(0)) : float(number);
  }),
  format: { parameters: [], run: (value, _given, _surroundings, { positional, named }) => formatPercent(pythonText(value), named.size > 0 ? new Map(named) : new Tuple(positional)) },
  groupby: filter('attribute default case_sensitive', (value, given, surroundings) => {
    const key = (item: unknown): unknown => defined(attributeOf(item, given.get('attribute'), surroundings, given.get('default')));
    const groups: [unknown, unknown[]][] = [];
    const order = (item: unknown): unknown => caseless(key(item), given.get('case_sensitive'));
    for (const item of [...itemsOf(value)].sort((one, other) => compare(order(one), order(other)))) {
      const last = groups.at(-1);
      if (last && isEqual(caseless(last[0], given.get('case_sensitive')), order(item))) last[1].push(item);
      else groups.push([key(item), [item]]);
    }
    return groups.map(([grouper, list]) => new Group(grouper, list));
  }),
  indent: filter('width first blank', (value, given, { charge }) => {
    const width = given.get('width', 4);
    const indention = typeof width === 'string' ? width : ' '.repeat(given.number('width', 4));
    // Only lines with something in them, unless asked for.
    const lines = `${pythonText(value)}\n`.split('\n').slice(0, -1);
    charge(lines.length * indention.length);
    return lines.map((line, place) => (place === 0 ? (given.get('first') === true ? indention + line : line) : line === '' && given.get('blank') !== true ? line : indention + line)).join('\n');
  }),
  int: filter('default base', (value, given) => {
    const number = numberOf(defined(value));
    if (number !== undefined) return typeof value === 'bigint' ? value : Math.trunc(number) + 0;
    const text = typeof value === 'string' ? value.trim().replaceAll('_', '') : '';
    const base = given.number('base', 10);
    if (base !== 10 && text !== '') return Number.isNaN(parseInt(text, base)) ? given.get('default', 0) : parseInt(text.replace(/^0[xXbBoO]/, ''), base);
    if (/^[-+]?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
    return text !== '' && Number.isFinite(Number(text)) && /^[-+\d.eE]+$/.test(text) ? Math.trunc(Number(text)) : given.get('default', 0);
  }),
  items: filter('', (value, _given, surroundings) => (value instanceof Undefined ? [] : methodOf(value, 'items', surroundings)?.(pair([])) ?? expectMapping()), true),
  join: filter('d attribute', (value, given, surroundings) => {
    const attribute = given.get('attribute');
    return itemsOf(value).map((item) => pythonText(attribute === undefined ? item : attributeOf(item, attribute, surroundings))).join(pythonText(given.get('d', '')));
  }),
  last: filter('', (value) => itemsOf(value).at(-1) ?? new Undefined('the last item of an empty list')),
  length: filter('', (value) => lengthOf(value)),
  list: filter('', (value) => [...itemsOf(value)]),
  lower: ofText((text) => text.toLowerCase()),
  map: {
    parameters: [],
    run(value, _given, surroundings, { positional, named }) {
      const attribute = named.get('attribute');
      if (attribute !== undefined) return itemsOf(value).map((item) => attributeOf(item, attribute, surroundings, named.get('default')));
      const [name, ...rest] = positional;
      return itemsOf(value).map((item) => applyFilter(textOf(name, 'map takes the name of a filter'), item, { positional: rest, named }, surroundings));
    },
  },
  max: extreme(1),
  min: extreme(-1),
  random: filter('', () => {
    throw new JinjaError('the filter random gives another answer each time; choose by a field of the document');
  }),
  reject: choosing(false, false),
  rejectattr: choosing(false, true),
  replace: filter('old new count', (value, given, surroundings) => {
    const most = given.get('count', null);
    return methodOf(pythonText(value), 'replace', surroundings)!(pair([pythonText(given.get('old')), pythonText(given.get('new')), most === null ? -1 : most]));
  }),
  reverse: filter('', (value) => (typeof value === 'string' ? charactersOf(value).reverse().join('') : [...itemsOf(value)].reverse())),
  round: filter('precision method', (value, given) => {
    const number = numberOf(defined(value));
    if (number === undefined) throw new JinjaError('round takes a number');
    const [digits, way] = [given.number('precision', 0), given.get('method', 'common')];
    if (way === 'ceil' || way === 'floor') return float(Math[way](number * 10 ** digits) / 10 ** digits);
    return isFloat(value) ? float(rounded(number, digits)) : digits >= 0 ? value : rounded(number, digits);
  }),
  safe: filter('', (value) => value),
  select: choosing(true, false),
  selectattr: choosing(true, true),
  slice: filter('slices fill_with', (value, given) => {
    const [items, count] = [itemsOf(value), given.number('slices', 1)];
    const [size, longer] = [Math.floor(items.length / count), items.length % count];
    const fill = given.get('fill_with', null);
    return Array.from({ length: count }, (_, place) => {
      const start = place * size + Math.min(place, longer);
      const own = items.slice(start, start + size + (place < longer ? 1 : 0));
      return fill !== null && place >= longer && longer > 0 ? [...own, fill] : [...own];
    });
  }),
  sort: filter('reverse case_sensitive attribute', (value, given, surroundings) => {
    const attribute = given.get('attribute');
    const paths = typeof attribute === 'string' ? attribute.split(',') : [attribute];
    const keys = (item: unknown): unknown[] => paths.map((path) => caseless(defined(path === undefined ? item : attributeOf(item, path, surroundings)), given.get('case_sensitive')));
    const sorted = [...itemsOf(value)].map((item) => ({ item, key: keys(item) })).sort((one, other) => (given.get('reverse') === true ? -1 : 1) * compare(one.key, other.key));
    return sorted.map(({ item }) => item);
  }),
  string: filter('', (value) => pythonText(defined(value))),
  striptags: ofText((text) => text.replace(/<!--[^]*?-->|<[^>]*>/g, '').split(pythonSpaces).filter(Boolean).join(' ').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#34;', '"').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')),
  sum: filter('attribute start', (value, given, surroundings) => {
    const attribute = given.get('attribute');
    return itemsOf(value).reduce((total, item) => operate('+', total, attribute === undefined || attribute === null ? item : attributeOf(item, attribute, surroundings), surroundings.charge), given.get('start', 0));
  }),
  title: ofText((text) => text.split(/([-\s({[<]+)/u).map((part) => capitalized(part)).join('')),
  tojson: filter('indent', (value, given) => {
    const indent = given.get('indent', null);
    const json = JSON.stringify(sorted(toPlain(value)), null, indent === null ? undefined : given.number('indent', 0))!;
    // As json.dumps writes it, made safe for HTML; keys in their order by name.
    const spaced = indent === null ? json.replace(/("(?:[^"\\]|\\.)*")|([,:])/g, (_whole, text: string | undefined, mark: string) => text ?? `${mark} `) : json;
    return spaced.replace(/[<>&'\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }),
  trim: filter('chars', (value, given) => stripped(pythonText(value), given.text('chars'), true, true)),
  truncate: filter('length killwords end leeway', (value, given) => {
    const [text, length, end, leeway] = [charactersOf(pythonText(value)), given.number('length', 255), given.text('end') ?? '...', given.number('leeway', 5)];
    if (text.length <= length + leeway) return text.join('');
    const kept = text.slice(0, length - charactersOf(end).length).join('');
    if (given.get('killwords') === true) return kept + end;
    const blank = kept.lastIndexOf(' ');
    return (blank < 0 ? kept : kept.slice(0, blank)) + end;
  }),
  unique: filter('case_sensitive attribute', (value, given, surroundings) => {
    const key = keyed(given, surroundings);
    const seen: unknown[] = [];
    return itemsOf(value).filter((item) => {
      const own = key(item);
      if (seen.some((each) => isEqual(each, own))) return false;
      return seen.push(own) > 0;
    });
  }),
  upper: ofText((text) => text.toUpperCase()),
  urlencode: ofText((text) => encodeURIComponent(text).replaceAll('%2F', '/').replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)),
  wordcount: filter('', (value) => pythonText(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  wordwrap: filter('width break_long_words wrapstring break_on_hyphens', (value, given) => {
    const [width, cut] = [given.number('width', 79), given.get('break_long_words', true) === true];
    return pythonText(value).split('\n').map((line) => wrapped(line, width, cut).join(given.text('wrapstring') ?? '\n')).join(given.text('wrapstring') ?? '\n');
  }),
  regex_replace: filter('pattern repl count', (value, given) => {
    const most = given.number('count', 0);
    const expression = pythonRegExp(textOf(given.get('pattern')), 'g');
    const [text, written] = [textOf(value), textOf(given.get('repl'))];
    let done = 0;
    return text.replace(expression, (whole: string, ...rest: unknown[]) => {
      if (most > 0 && (done += 1) > most) return whole;
      const named = typeof rest.at(-1) === 'object' ? (rest.at(-1) as Record<string, string | undefined>) : {};
      return written.replace(/\\(?:g<(\w+)>|(\d{1,2})|([^]))/g, (escape, group: string | undefined, number: string | undefined, character: string | undefined) => {
        const wanted = group ?? number;
        if (wanted !== undefined) return wanted === '0' ? whole : /^\d+$/.test(wanted) ? ((rest[Number(wanted) - 1] as string | undefined) ?? '') : (named[wanted] ?? '');
        return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[character!] ?? escape;
      });
    });
  }),
};

/** Lines of at most so many characters, cut at blanks. */
function wrapped(line: string, width: number, cut: boolean): string[] {
  const lines: string[] = [];
  let row = '';
  for (let word of line.split(/(\s+)/).filter(Boolean)) {
    if (/^\s/.test(word) && row === '' && lines.length > 0) continue;
    if (charactersOf(row + word).length > width && row.trim() !== '') {
      lines.push(row.trimEnd());
      row = '';
      if (/^\s/.test(word)) continue;
    }
    while (cut && charactersOf(row + word).length > width) {
      const room = width - charactersOf(row).length;
      lines.push(row + charactersOf(word).slice(0, room).join(''));
      word = charactersOf(word).slice(room).join('');
      row = '';
    }
    row += word;
  }
  return [...lines, row.trimEnd()];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || numberOf(value) !== undefined) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}

function expectMapping(): never {
  throw new JinjaError('items takes a dictionary');
}

/** One of `groupby`: a pair whose parts have names too. */
export class Group extends Tuple {
  constructor(readonly grouper: unknown, readonly list: unknown[]) {
    super([grouper, list]);
  }
}

const otherNames: Readonly<Record<string, string>> = { d: 'default', e: 'escape', forceescape: 'escape', count: 'length' };

/** @throws JinjaError where there is no such filter, and what it throws */
export function applyFilter(name: string, value: unknown, given: CallArguments, surroundings: Surroundings): unknown {
  const own = otherNames[name] ?? name;
  const found = Object.hasOwn(filters, own) ? filters[own]! : undefined;
  if (!found) throw new JinjaError(`there is no filter "${name}"; there are ${Object.keys(filters).join(', ')}`);
  if (!found.lenient) defined(value);
  const parts = found.parameters.length === 0 && ['format', 'map', 'select', 'reject', 'selectattr', 'rejectattr'].includes(own) ? pair([]) : given;
  return found.run(value, new Bound(name, found.parameters, parts), surroundings, given);
}
