import type { TemplateValue } from './bounded-jinja.js';

/** What Python's `str` makes of a value of a template: texts as they are, `None`, `True`, `1.0`, and lists and dictionaries as `repr` writes them. */
export function pythonText(value: TemplateValue): string {
  return value.type === 'StringValue' ? String(value.value) : pythonRepr(value);
}

/** What Python's `repr` makes of a value of a template. */
export function pythonRepr({ type, value }: TemplateValue): string {
  switch (type) {
    case 'StringValue':
      return quoted(String(value));
    case 'BooleanValue':
      return value ? 'True' : 'False';
    case 'NullValue':
      return 'None';
    case 'FloatValue':
      return floatText(value as number);
    case 'ArrayValue':
      return `[${(value as TemplateValue[]).map(pythonRepr).join(', ')}]`;
    case 'TupleValue': {
      const items = (value as TemplateValue[]).map(pythonRepr);
      return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
    }
    case 'ObjectValue':
      return `{${[...(value as Map<string, TemplateValue>)].map(([key, item]) => `${quoted(key)}: ${pythonRepr(item)}`).join(', ')}}`;
    default:
      return String(value);
  }
}

/** Single quotes, unless the text holds such and no double ones. */
function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', [mark]: `\\${mark}` };
  return `${mark}${text.replace(/[\\\n\r\t'"]/g, (character) => escapes[character] ?? character)}${mark}`;
}

function floatText(number: number): string {
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  if (Object.is(number, -0)) return '-0.0';
  const size = Math.abs(number);
  // Python writes exponents from 1e16 on and below 1e-4, with two digits at least.
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) return number.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(number) ? number.toFixed(1) : String(number);
}
