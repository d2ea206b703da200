import { JinjaError } from './jinja-error.js';

export type Token =
  | { readonly type: 'data'; readonly text: string }
  | { readonly type: 'begin' | 'end'; readonly of: 'variable' | 'block' }
  | { readonly type: 'name' | 'operator'; readonly text: string }
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'number'; readonly text: string; readonly float: boolean };

const whole = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const fraction = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const name = /[\p{ID_Start}_]\p{ID_Continue}*/uy;
const text = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const operator = /\/\/|\*\*|[=!<>]=|[-+*/%~[\](){}<>=.:|,;]/y;
const opening: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The tokens of a template as Jinja2 cuts it with `keep_trailing_newline`: blocks keep the line break behind them. @throws JinjaError */
export function tokenize(given: string): Token[] {
  const source = given.replace(/\r\n?/g, '\n');
  const tokens: Token[] = [];
  let at = 0;
  let stripNext = false;
  const data = (end: number, stripEnd: boolean): void => {
    let found = source.slice(at, end);
    if (stripNext) found = found.trimStart();
    if (stripEnd) found = found.trimEnd();
    if (found !== '') tokens.push({ type: 'data', text: found });
    stripNext = false;
  };
  for (;;) {
    const start = /\{[{%#]/g;
    start.lastIndex = at;
    const found = start.exec(source);
    if (!found) {
      data(source.length, false);
      return tokens;
    }
    const mark = source[found.index + 2];
    data(found.index, mark === '-');
    at = found.index + 2 + (mark === '-' || mark === '+' ? 1 : 0);
    const kind = found[0];
    if (kind === '{#') {
      const end = source.indexOf('#}', at);
      if (end < 0) throw new JinjaError('a comment is not closed by #}');
      stripNext = source[end - 1] === '-';
      at = end + 2;
      continue;
    }
    const raw = /\s*raw\s*([-+]?)%\}/y;
    raw.lastIndex = at;
    const opened = kind === '{%' ? raw.exec(source) : null;
    if (opened) {
      at = raw.lastIndex;
      const close = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;
      close.lastIndex = at;
      const closed = close.exec(source);
      if (!closed) throw new JinjaError('{% raw %} is not closed by {% endraw %}');
      stripNext = opened[1] === '-';
      data(closed.index, closed[1] === '-');
      stripNext = closed[2] === '-';
      at = close.lastIndex;
      continue;
    }
    const of = kind === '{{' ? 'variable' : 'block';
    tokens.push({ type: 'begin', of });
    [at, stripNext] = expression(source, at, of === 'variable' ? '}}' : '%}', tokens);
    tokens.push({ type: 'end', of });
  }
}

/** The tokens up to `close`; where it ends, and whether it strips what follows. */
function expression(source: string, start: number, close: string, tokens: Token[]): [end: number, strip: boolean] {
  const open: string[] = [];
  for (let at = start; ; ) {
    while (/\s/.test(source[at] ?? '')) at += 1;
    if (at >= source.length) throw new JinjaError(`${close === '}}' ? '{{' : '{%'} is not closed by ${close}`);
    if (open.length === 0) {
      const mark = source[at] === '-' || source[at] === '+' ? 1 : 0;
      if (source.startsWith(close, at + mark)) return [at + mark + 2, mark === 1 && source[at] === '-'];
    }
    const match = (pattern: RegExp): string | undefined => {
      pattern.lastIndex = at;
      return pattern.exec(source)?.[0];
    };
    const number = (source[at - 1] === '.' ? undefined : match(fraction)) ?? match(whole);
    const found = number ?? match(name) ?? match(text) ?? match(operator);
    if (found === undefined) throw new JinjaError(`${source[at] === '"' || source[at] === "'" ? 'a text is not closed' : `the character ${JSON.stringify(source[at])} means nothing there`}, at ${JSON.stringify(source.slice(at, at + 20))}`);
    if (number !== undefined) tokens.push({ type: 'number', text: found.replaceAll('_', ''), float: /^[\d_]+[.eE]/.test(found) });
    else if (match(name) !== undefined) tokens.push({ type: 'name', text: found });
    else if (match(text) !== undefined) tokens.push({ type: 'string', text: unescaped(found.slice(1, -1)) });
    else {
      if (opening[found] !== undefined) open.push(opening[found]);
      else if (')]}'.includes(found) && open.pop() !== found) throw new JinjaError(`${found} closes nothing`);
      tokens.push({ type: 'operator', text: found });
    }
    at += found.length;
  }
}

const simple: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07', '\n': '', '\\': '\\', "'": "'", '"': '"' };

/** Escapes as in Python; a backslash that begins none stays. */
function unescaped(written: string): string {
  return written.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g, (whole_, x?: string, u?: string, long?: string, octal?: string, character?: string) => {
    const hex = x ?? u ?? long;
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
    return simple[character!] ?? whole_;
  });
}
