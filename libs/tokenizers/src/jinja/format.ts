import { JinjaError } from './jinja-error.js';
import { Tuple, isFloat, kindOf, numberOf, pythonRepr, pythonText, rounded } from './values.js';

/** Python's `text % values`: %s %r %d %i %f %e %g %x %o %c %%, with flags, width and precision. @throws JinjaError */
export function formatPercent(format: string, given: unknown): string {
  const values = given instanceof Tuple ? [...given.items] : [given];
  let used = 0;
  const text = format.replace(/%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d*)(?:\.(\d*))?([a-zA-Z%])/g, (_whole, key: string | undefined, flags: string, width: string, precision: string | undefined, kind: string) => {
    if (kind === '%') return '%';
    if (width === '*') throw new JinjaError('a width of * is not supported in a format');
    if (key === undefined && used >= values.length) throw new JinjaError('the format takes more values than there are');
    const value = key === undefined ? values[used++] : (given as Map<string, unknown>).get(key);
    const alternate = flags.includes('-') ? '<' : flags.includes('0') && 'difeEgGxXo'.includes(kind) ? '=' : '>';
    const digits = precision === undefined ? undefined : Number(precision || 0);
    const sign = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
    if (kind === 's' || kind === 'r') return padded([...(kind === 's' ? pythonText(value) : pythonRepr(value))].slice(0, digits).join(''), Number(width || 0), alternate, ' ');
    if (kind === 'c') return padded(typeof value === 'number' ? String.fromCodePoint(value) : pythonText(value), Number(width || 0), alternate, ' ');
    return padded(numeric(value, kind, digits, sign), Number(width || 0), alternate, alternate === '=' ? '0' : ' ');
  });
  if (used < values.length && !(given instanceof Map)) throw new JinjaError('the format takes fewer values than there are');
  return text;
}

/** Python's `text.format(…)`: {} {0} {name} {0.name} {0[key]} with conversions and what stands behind the colon. @throws JinjaError */
export function formatBraces(format: string, positional: readonly unknown[], named: ReadonlyMap<string, unknown>, get: (value: unknown, key: string) => unknown): string {
  let next = 0;
  return format.replace(/\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}|[{}]/g, (whole, field: string | undefined, conversion: string | undefined, specification: string | undefined) => {
    if (whole === '{{' || whole === '}}') return whole[0]!;
    if (field === undefined) throw new JinjaError('a brace stands alone in a format');
    const [first = '', ...path] = field.split(/\.|\[([^\]]*)\]/).filter((each): each is string => each !== undefined && each !== '') ;
    const name = field.startsWith('.') || field.startsWith('[') || field === '' ? String(next++) : first;
    const start = /^\d+$/.test(name) ? positional[Number(name)] : named.get(name);
    if (start === undefined) throw new JinjaError(`the format has no value for {${field}}`);
    const value = (name === first ? path : [first, ...path]).filter((each) => each !== '').reduce(get, start);
    return formatted(conversion === 'r' ? pythonRepr(value) : conversion === undefined ? value : pythonText(value), specification ?? '');
  });
}

function formatted(value: unknown, specification: string): string {
  const [, fill, align, sign = '', zero = '', width = '', comma = '', precision, kind = ''] = /^(?:([^])?([<>=^]))?([-+ ]?)#?(0?)(\d*)([,_]?)(?:\.(\d+))?([a-zA-Z%]?)$/.exec(specification) ?? [];
  if (specification !== '' && width === undefined) throw new JinjaError(`the format ${JSON.stringify(specification)} is not understood`);
  const digits = precision === undefined ? undefined : Number(precision);
  const isNumber = numberOf(value) !== undefined && typeof value !== 'boolean';
  if (!isNumber && kind !== '' && kind !== 's') throw new JinjaError(`the format ${JSON.stringify(specification)} is for numbers; got ${kindOf(value)}`);
  let text = isNumber && (kind !== '' || digits !== undefined || sign !== '') ? numeric(value, kind === '' ? (isFloat(value) || digits !== undefined ? 'g' : 'd') : kind, digits, sign === '-' ? '' : sign) : [...pythonText(value)].slice(0, isNumber ? undefined : digits).join('');
  if (comma !== '') text = text.replace(/^([-+ ]?)(\d+)/, (_whole, before: string, whole: string) => before + whole.replace(/\B(?=(\d{3})+$)/g, comma));
  return padded(text, Number(width || 0), align ?? (zero === '0' ? '=' : isNumber ? '>' : '<'), fill ?? (zero === '0' ? '0' : ' '));
}

function numeric(value: unknown, kind: string, digits: number | undefined, sign: string): string {
  const number = numberOf(value);
  if (number === undefined) throw new JinjaError(`a format for numbers got ${kindOf(value)}`);
  const body = ((): string => {
    switch (kind) {
      case 'd': case 'i': return typeof value === 'bigint' ? String(value < 0n ? -value : value) : String(Math.trunc(Math.abs(number)));
      case 'f': case 'F': return fixed(Math.abs(number), digits ?? 6);
      case '%': return `${fixed(Math.abs(number) * 100, digits ?? 6)}%`;
      case 'e': case 'E': return exponent(Math.abs(number).toExponential(digits ?? 6));
      case 'g': case 'G': return general(Math.abs(number), digits ?? 6);
      case 'x': return Math.abs(number).toString(16);
      case 'X': return Math.abs(number).toString(16).toUpperCase();
      case 'o': return Math.abs(number).toString(8);
      case 'b': return Math.abs(number).toString(2);
      default: throw new JinjaError(`%${kind} is not known in a format`);
    }
  })();
  return (number < 0 || Object.is(number, -0) && kind !== 'd' ? '-' : sign) + (kind === 'E' || kind === 'G' ? body.toUpperCase() : body);
}

function fixed(number: number, digits: number): string {
  return rounded(number, digits).toFixed(Math.min(digits, 100));
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function general(number: number, digits: number): string {
  const count = Math.max(1, digits);
  const power = number === 0 ? 0 : Math.floor(Number(number.toExponential(count - 1).split('e')[1]));
  const written = power < -4 || power >= count ? exponent(number.toExponential(count - 1)) : number.toFixed(count - 1 - power);
  return written.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
}

/** To a width in characters; `=` puts what fills between sign and digits. */
export function padded(text: string, width: number, align: string, fill: string): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (align === '<') return text + fill.repeat(missing);
  if (align === '^') return fill.repeat(Math.floor(missing / 2)) + text + fill.repeat(Math.ceil(missing / 2));
  const [, sign = '', rest = text] = align === '=' ? /^([-+ ]?)([^]*)$/.exec(text)! : [];
  return sign + fill.repeat(missing) + rest;
}
