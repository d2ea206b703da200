import type { TemplateValue } from './bounded-jinja.js';

/** The arguments of a call, positional ones only: values of the template. */
type Call = (self: TemplateValue, args: readonly TemplateValue[]) => unknown;

const text = (value: TemplateValue | undefined): string => {
  if (value?.type !== 'StringValue') throw new Error(`expected a text; got ${value ? value.type.replace('Value', '').toLowerCase() : 'nothing'}`);
  return value.value as string;
};
const optionalNumber = (value: TemplateValue | undefined): number | undefined => (value === undefined || value.type === 'NullValue' ? undefined : Number(value.value));
const items = (value: TemplateValue): readonly TemplateValue[] => value.value as TemplateValue[];
const every = (pattern: RegExp) => (self: TemplateValue) => text(self) !== '' && pattern.test(text(self));

/** Strips characters of a set, or white space, from one end or both. */
function strip(start: boolean, end: boolean): Call {
  return (self, [set]) => {
    const unwanted = set === undefined || set.type === 'NullValue' ? undefined : new Set(text(set));
    const characters = [...text(self)];
    const isUnwanted = (character: string) => (unwanted ? unwanted.has(character) : /\s/.test(character));
    let [from, to] = [0, characters.length];
    while (start && from < to && isUnwanted(characters[from]!)) from += 1;
    while (end && to > from && isUnwanted(characters[to - 1]!)) to -= 1;
    return characters.slice(from, to).join('');
  };
}

function found(self: TemplateValue, part: TemplateValue | undefined, from: 'indexOf' | 'lastIndexOf'): number {
  return text(self)[from](text(part));
}

/** Methods of Python's `str` that the library has not, or has otherwise. */
export const textMethods: Readonly<Record<string, Call>> = {
  strip: strip(true, true),
  lstrip: strip(true, false),
  rstrip: strip(false, true),
  capitalize: (self) => text(self).charAt(0).toUpperCase() + text(self).slice(1).toLowerCase(),
  title: (self) => text(self).toLowerCase().replace(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1)),
  swapcase: (self) => [...text(self)].map((each) => (each === each.toUpperCase() ? each.toLowerCase() : each.toUpperCase())).join(''),
  casefold: (self) => text(self).toLowerCase(),
  find: (self, [part]) => found(self, part, 'indexOf'),
  rfind: (self, [part]) => found(self, part, 'lastIndexOf'),
  index(self, [part]) {
    const place = found(self, part, 'indexOf');
    if (place < 0) throw new Error(`the text has no ${JSON.stringify(text(part))}`);
    return place;
  },
  count: (self, [part]) => text(self).split(text(part)).length - 1,
  join: (self, [list]) => items(list!).map(text).join(text(self)),
  splitlines: (self) => text(self).replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/),
  rsplit(self, [separator, most]) {
    const parts = separator === undefined || separator.type === 'NullValue' ? text(self).trim().split(/\s+/) : text(self).split(text(separator));
    const limit = optionalNumber(most) ?? -1;
    if (limit < 0 || parts.length <= limit + 1) return parts;
    const cut = parts.length - limit;
    return [parts.slice(0, cut).join(separator?.type === 'StringValue' ? text(separator) : ' '), ...parts.slice(cut)];
  },
  partition(self, [separator]) {
    const place = found(self, separator, 'indexOf');
    return place < 0 ? [text(self), '', ''] : [text(self).slice(0, place), text(separator), text(self).slice(place + text(separator).length)];
  },
  removeprefix: (self, [part]) => (text(self).startsWith(text(part)) ? text(self).slice(text(part).length) : text(self)),
  removesuffix: (self, [part]) => (text(part) !== '' && text(self).endsWith(text(part)) ? text(self).slice(0, -text(part).length) : text(self)),
  isdigit: every(/^\p{Nd}+$/u),
  isnumeric: every(/^\p{N}+$/u),
  isalpha: every(/^\p{L}+$/u),
  isalnum: every(/^[\p{L}\p{N}]+$/u),
  isspace: every(/^\s+$/),
  isupper: (self) => /\p{Lu}/u.test(text(self)) && !/\p{Ll}/u.test(text(self)),
  islower: (self) => /\p{Ll}/u.test(text(self)) && !/\p{Lu}/u.test(text(self)),
  zfill: (self, [width]) => text(self).padStart(Number(width?.value), '0'),
};

/** Methods of Python's `list`. */
export const listMethods: Readonly<Record<string, Call>> = {
  index(self, [wanted]) {
    const place = items(self).findIndex((item) => item.value === wanted?.value);
    if (place < 0) throw new Error(`the list has no ${JSON.stringify(wanted?.value)}`);
    return place;
  },
  count: (self, [wanted]) => items(self).filter((item) => item.value === wanted?.value).length,
};
