import type { ScalarTag } from 'yaml';

const named: Readonly<Record<string, boolean>> = { yes: true, true: true, on: true, no: false, false: false, off: false };

/** In base 60 as YAML 1.1 has it: 1:30 is 90. */
const sexagesimal = (text: string): number => text.split(':').reduce((total, part) => total * 60 + Number(part), 0);

/**
 * What PyYAML takes for a truth value, a number or nothing; all else is text. YAML 1.1 says more, which PyYAML leaves: y and n are texts there, and so are e01, 1e3 and dates (which would be no
 * text that a task can use).
 */
export const pythonScalars: readonly ScalarTag[] = [
  { tag: 'tag:yaml.org,2002:null', default: true, test: /^(?:~|null|Null|NULL)?$/, resolve: () => null },
  { tag: 'tag:yaml.org,2002:bool', default: true, test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/, resolve: (text) => named[text.toLowerCase()] },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
    resolve(text) {
      const sign = text.startsWith('-') ? -1 : 1;
      const digits = text.replace(/^[-+]|_/g, '');
      return sign * (digits.includes(':') ? sexagesimal(digits) : Number(/^0[0-7]/.test(digits) ? `0o${digits}` : digits));
    },
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    resolve(text) {
      const sign = text.startsWith('-') ? -1 : 1;
      const digits = text.replace(/^[-+]|_/g, '').toLowerCase();
      if (digits.endsWith('inf')) return sign * Infinity;
      return digits.endsWith('nan') ? Number.NaN : sign * (digits.includes(':') ? sexagesimal(digits) : Number(digits));
    },
  },
];
