import { Bound } from './bind.js';
import { formatBraces, padded } from './format.js';
import { JinjaError } from './jinja-error.js';
import { Tuple, charactersOf, compare, isEqual, itemsOf, keyOf, numberOf, pythonRepr, textOf, type CallArguments } from './values.js';
import { pythonSpaces } from '../python-spaces.js';

/** What methods and filters may ask of the running template. */
export interface Surroundings {
  /** Hears how long something becomes before it is made. @throws where that is beyond the limits */
  charge(size: number): void;
  /** The attribute or the item of a value. */
  get(value: unknown, key: unknown): unknown;
}

type TextMethod = (self: string, given: Bound, all: CallArguments, surroundings: Surroundings) => unknown;
interface Method<Run> {
  readonly parameters: readonly string[];
  readonly run: Run;
}

const every = (pattern: RegExp): Method<TextMethod> => ({ parameters: [], run: (self) => self !== '' && charactersOf(self).every((character) => pattern.test(character)) });
const method = (parameters: string, run: TextMethod): Method<TextMethod> => ({ parameters: parameters === '' ? [] : parameters.split(' '), run });

/** Whether each character is upper, lower, the first of a word. */
const letter = /\p{L}/u;
const startOf = (word: string): string => {
  const [first = '', ...rest] = charactersOf(word);
  // ﬁ becomes Fi in front of a word, and not FI.
  const upper = charactersOf(first.toUpperCase());
  return (upper[0] ?? '') + upper.slice(1).join('').toLowerCase() + rest.join('').toLowerCase();
};

export function capitalized(text: string): string {
  return startOf(text);
}

/** Python's `title`: letters that follow a letter are small, others large. */
function titled(text: string): string {
  return text.replace(/\p{L}+/gu, startOf);
}

/** Without characters of a set, else without white space, at one end or both. */
export function stripped(text: string, set: string | undefined, start: boolean, end: boolean): string {
  const unwanted = set === undefined ? undefined : new Set(charactersOf(set));
  const characters = charactersOf(text);
  const isUnwanted = (character: string): boolean => (unwanted ? unwanted.has(character) : pythonSpaces.test(character));
  let [from, to] = [0, characters.length];
  while (start && from < to && isUnwanted(characters[from]!)) from += 1;
  while (end && to > from && isUnwanted(characters[to - 1]!)) to -= 1;
  return characters.slice(from, to).join('');
}

/** The place of a part, in characters; -1 where it does not occur. */
function placeOf(self: string, given: Bound, last: boolean): number {
  const characters = charactersOf(self);
  const [start, stop] = [bounded(given.number('start', 0), characters.length), bounded(given.number('end', characters.length), characters.length)];
  const within = characters.slice(start, stop).join('');
  const part = textOf(given.get('sub'));
  const at = last ? within.lastIndexOf(part) : within.indexOf(part);
  return at < 0 || start > stop ? -1 : start + charactersOf(within.slice(0, at)).length;
}

function bounded(place: number, length: number): number {
  return place < 0 ? Math.max(0, length + place) : Math.min(place, length);
}

function found(self: string, given: Bound, last: boolean): number {
  const place = placeOf(self, given, last);
  if (place < 0) throw new JinjaError(`the text has no ${pythonRepr(given.get('sub'))}`);
  return place;
}

function split(self: string, given: Bound): string[] {
  const [separator, most] = [given.text('sep'), given.number('maxsplit', -1)];
  if (separator === '') throw new JinjaError('split takes no empty separator');
  if (separator !== undefined) {
    const parts = self.split(separator);
    return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
  }
  const rest = stripped(self, undefined, true, false);
  const parts: string[] = [];
  let left = rest;
  while (left !== '') {
    const space = pythonSpaces.exec(left);
    if (!space || (most >= 0 && parts.length === most)) {
      parts.push(left);
      break;
    }
    parts.push(left.slice(0, space.index));
    left = left.slice(space.index + space[0].length);
  }
  return parts;
}

function splitFromEnd(self: string, given: Bound): string[] {
  const [separator, most] = [given.text('sep'), given.number('maxsplit', -1)];
  const all = separator === undefined ? stripped(self, undefined, true, true).split(pythonSpaces).filter((part) => part !== '') : self.split(separator);
  if (most < 0 || all.length <= most + 1) return all;
  if (separator !== undefined) return [all.slice(0, all.length - most).join(separator), ...all.slice(all.length - most)];
  const tail = all.slice(all.length - most);
  let head = stripped(self, undefined, false, true);
  for (const part of tail.toReversed()) head = stripped(head.slice(0, head.length - part.length), undefined, false, true);
  return [head, ...tail];
}

const ends = (self: string, wanted: unknown, test: (part: string) => boolean): boolean => (wanted instanceof Tuple ? wanted.items.some((part) => test(textOf(part))) : test(textOf(wanted)));

/** Methods of Python's `str`. */
const textMethods: Readonly<Record<string, Method<TextMethod>>> = {
  strip: method('chars', (self, given) => stripped(self, given.text('chars'), true, true)),
  lstrip: method('chars', (self, given) => stripped(self, given.text('chars'), true, false)),
  rstrip: method('chars', (self, given) => stripped(self, given.text('chars'), false, true)),
  lower: method('', (self) => self.toLowerCase()),
  upper: method('', (self) => self.toUpperCase()),
  casefold: method('', (self) => self.toLowerCase().replaceAll('ß', 'ss').replaceAll('ς', 'σ')),
  capitalize: method('', capitalized),
  title: method('', titled),
  swapcase: method('', (self) => charactersOf(self).map((each) => (each === each.toUpperCase() ? each.toLowerCase() : each.toUpperCase())).join('')),
  split: method('sep maxsplit', split),
  rsplit: method('sep maxsplit', splitFromEnd),
  splitlines: method('keepends', (self, given) => {
    const lines = self.split(/(?<=\r\n|[\n\v\f\x1c-\x1e\x85\u2028\u2029]|\r(?!\n))/);
    const kept = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
    return given.get('keepends', false) === true ? kept : kept.map((line) => line.replace(/(?:\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])$/, ''));
  }),
  join: method('iterable', (self, given) => itemsOf(given.get('iterable')).map((item) => textOf(item, 'join takes texts only')).join(self)),
  replace: method('old new count', (self, given, _all, { charge }) => {
    const [old, fresh, most] = [textOf(given.get('old')), textOf(given.get('new')), given.number('count', -1)];
    const parts = old === '' ? ['', ...charactersOf(self), ''] : self.split(old);
    const count = Math.min(parts.length - 1, most < 0 ? Infinity : most);
    charge(self.length + count * fresh.length);
    return parts.slice(0, count + 1).join(fresh) + parts.slice(count + 1).map((part) => old + part).join('');
  }),
  startswith: method('prefix', (self, given) => ends(self, given.get('prefix'), (part) => self.startsWith(part))),
  endswith: method('suffix', (self, given) => ends(self, given.get('suffix'), (part) => self.endsWith(part))),
  find: method('sub start end', (self, given) => placeOf(self, given, false)),
  rfind: method('sub start end', (self, given) => placeOf(self, given, true)),
  index: method('sub start end', (self, given) => found(self, given, false)),
  rindex: method('sub start end', (self, given) => found(self, given, true)),
  count: method('sub', (self, given) => (given.get('sub') === '' ? charactersOf(self).length + 1 : self.split(textOf(given.get('sub'))).length - 1)),
  center: method('width fillchar', (self, given, _all, { charge }) => centered(self, given.number('width', 0), given.text('fillchar') ?? ' ', charge)),
  ljust: method('width fillchar', (self, given, _all, { charge }) => (charge(given.number('width', 0)), padded(self, given.number('width', 0), '<', given.text('fillchar') ?? ' '))),
  rjust: method('width fillchar', (self, given, _all, { charge }) => (charge(given.number('width', 0)), padded(self, given.number('width', 0), '>', given.text('fillchar') ?? ' '))),
  zfill: method('width', (self, given, _all, { charge }) => (charge(given.number('width', 0)), padded(self, given.number('width', 0), '=', '0'))),
  partition: method('sep', (self, given) => {
    const [separator, place] = [textOf(given.get('sep')), self.indexOf(textOf(given.get('sep')))];
    return new Tuple(place < 0 ? [self, '', ''] : [self.slice(0, place), separator, self.slice(place + separator.length)]);
  }),
  rpartition: method('sep', (self, given) => {
    const [separator, place] = [textOf(given.get('sep')), self.lastIndexOf(textOf(given.get('sep')))];
    return new Tuple(place < 0 ? ['', '', self] : [self.slice(0, place), separator, self.slice(place + separator.length)]);
  }),
  removeprefix: method('prefix', (self, given) => (self.startsWith(textOf(given.get('prefix'))) ? self.slice(textOf(given.get('prefix')).length) : self)),
  removesuffix: method('suffix', (self, given) => (given.get('suffix') !== '' && self.endsWith(textOf(given.get('suffix'))) ? self.slice(0, self.length - textOf(given.get('suffix')).length) : self)),
  expandtabs: method('tabsize', (self, given) => self.split('\n').map((line) => line.split('\t').reduce((done, part, place) => (place === 0 ? part : done + ' '.repeat(given.number('tabsize', 8) - (charactersOf(done).length % given.number('tabsize', 8))) + part), '')).join('\n')),
  format: { parameters: [], run: () => undefined },
  isdigit: every(/[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2089]/u),
  isdecimal: every(/\p{Nd}/u),
  isnumeric: every(/\p{N}/u),
  isalpha: every(letter),
  isalnum: every(/[\p{L}\p{N}]/u),
  isspace: every(pythonSpaces),
  isupper: method('', (self) => /\p{Lu}/u.test(self) && !/[\p{Ll}\p{Lt}]/u.test(self)),
  islower: method('', (self) => /\p{Ll}/u.test(self) && !/[\p{Lu}\p{Lt}]/u.test(self)),
  istitle: method('', (self) => letter.test(self) && titled(self) === self),
};

export function centered(text: string, width: number, fill: string, charge: Surroundings['charge']): string {
  charge(width);
  const missing = width - charactersOf(text).length;
  if (missing <= 0) return text;
  // An odd blank goes to the left where the width is odd: so CPython does it.
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

type ListMethod = (self: unknown[], given: Bound) => unknown;

/** Methods of Python's `list`; those that change it change what the template was given, for this rendering alone. */
const listMethods: Readonly<Record<string, Method<ListMethod>>> = {
  index: {
    parameters: ['value'],
    run(self, given) {
      const place = self.findIndex((item) => isEqual(item, given.get('value')));
      if (place < 0) throw new JinjaError(`the list has no ${pythonRepr(given.get('value')).replace(/^'(.*)'$/s, (_whole, text: string) => JSON.stringify(text))}`);
      return place;
    },
  },
  count: { parameters: ['value'], run: (self, given) => self.filter((item) => isEqual(item, given.get('value'))).length },
  copy: { parameters: [], run: (self) => [...self] },
  append: { parameters: ['object'], run: (self, given) => (self.push(given.get('object')), null) },
  extend: { parameters: ['iterable'], run: (self, given) => (self.push(...itemsOf(given.get('iterable'))), null) },
  insert: { parameters: ['index', 'object'], run: (self, given) => (self.splice(given.number('index', 0), 0, given.get('object')), null) },
  pop: { parameters: ['index'], run: (self, given) => self.splice(given.number('index', -1), 1)[0] },
  reverse: { parameters: [], run: (self) => (self.reverse(), null) },
  sort: { parameters: ['reverse'], run: (self, given) => (self.sort((one, other) => (given.get('reverse') === true ? compare(other, one) : compare(one, other))), null) },
};

type MapMethod = (self: Map<unknown, unknown>, given: Bound) => unknown;

const mapMethods: Readonly<Record<string, Method<MapMethod>>> = {
  keys: { parameters: [], run: (self) => [...self.keys()] },
  values: { parameters: [], run: (self) => [...self.values()] },
  items: { parameters: [], run: (self) => [...self].map((pair) => new Tuple(pair)) },
  get: { parameters: ['key', 'default'], run: (self, given) => (self.has(keyOf(given.get('key'))) ? self.get(keyOf(given.get('key'))) : given.get('default', null)) },
  copy: { parameters: [], run: (self) => new Map(self) },
  update: { parameters: ['other'], run: (self, given) => (([...(given.get('other') as Map<unknown, unknown>)].forEach(([key, value]) => self.set(key, value))), null) },
  pop: {
    parameters: ['key', 'default'],
    run(self, given) {
      const key = keyOf(given.get('key'));
      const value = self.has(key) ? self.get(key) : given.get('default', null);
      self.delete(key);
      return value;
    },
  },
};

/** A method of a value, ready to be called; undefined where Python has none of that name. */
export function methodOf(self: unknown, name: string, surroundings: Surroundings): ((given: CallArguments) => unknown) | undefined {
  const of = <Run>(methods: Readonly<Record<string, Method<Run>>>): Method<Run> | undefined => (Object.hasOwn(methods, name) ? methods[name] : undefined);
  if (typeof self === 'string') {
    if (name === 'format') return ({ positional, named }) => formatBraces(self, positional, named, (value, key) => surroundings.get(value, /^\d+$/.test(key) ? Number(key) : key));
    const known = of(textMethods);
    return known && ((given) => known.run(self, new Bound(name, known.parameters, given), given, surroundings));
  }
  if (Array.isArray(self)) {
    const known = of(listMethods);
    return known && ((given) => known.run(self, new Bound(name, known.parameters, given)));
  }
  if (self instanceof Tuple) {
    const known = name === 'index' || name === 'count' ? of(listMethods) : undefined;
    return known && ((given) => known.run([...self.items], new Bound(name, known.parameters, given)));
  }
  if (self instanceof Map) {
    const known = of(mapMethods);
    return known && ((given) => known.run(self, new Bound(name, known.parameters, given)));
  }
  if (numberOf(self) !== undefined && name === 'is_integer') return () => Number.isInteger(numberOf(self));
  return undefined;
}
