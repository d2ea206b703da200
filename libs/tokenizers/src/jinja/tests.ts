import { JinjaError } from './jinja-error.js';
import { compare, contains, isEqual, isFloat, numberOf, defined, Callable, Range, Tuple, Undefined } from './values.js';

type Test = (value: unknown, ...given: readonly unknown[]) => boolean;

const isText = (value: unknown): value is string => typeof value === 'string';
const isSequence: Test = (value) => isText(value) || Array.isArray(value) || value instanceof Tuple || value instanceof Map || value instanceof Range;
const isWhole = (value: unknown): boolean => (typeof value === 'number' && Number.isInteger(value)) || typeof value === 'bigint';
const whole = (value: unknown): number => {
  const number = numberOf(defined(value));
  if (number === undefined) throw new JinjaError('expected a number');
  return number;
};
const equal: Test = (value, other) => isEqual(value, other);
const unequal: Test = (value, other) => !isEqual(value, other);
const less: Test = (value, other) => compare(value, other) < 0;
const atMost: Test = (value, other) => compare(value, other) <= 0;
const greater: Test = (value, other) => compare(value, other) > 0;
const atLeast: Test = (value, other) => compare(value, other) >= 0;

/** What stands behind `is`, as Jinja2 has it. */
export const tests: Readonly<Record<string, Test>> = {
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  none: (value) => defined(value) === null,
  boolean: (value) => typeof defined(value) === 'boolean',
  true: (value) => defined(value) === true,
  false: (value) => defined(value) === false,
  integer: (value) => isWhole(defined(value)),
  float: (value) => isFloat(defined(value)),
  number: (value) => numberOf(defined(value)) !== undefined,
  string: (value) => isText(defined(value)),
  mapping: (value) => defined(value) instanceof Map,
  iterable: (value) => isSequence(defined(value)),
  sequence: (value) => isSequence(defined(value)),
  callable: (value) => defined(value) instanceof Callable,
  escaped: () => false,
  sameas: (value, other) => defined(value) === other || (typeof value === typeof other && typeof value !== 'object' && isEqual(value, other)),
  even: (value) => whole(value) % 2 === 0,
  odd: (value) => Math.abs(whole(value) % 2) === 1,
  divisibleby: (value, number) => whole(value) % whole(number) === 0,
  lower: (value) => /\p{Ll}/u.test(String(value)) && !/[\p{Lu}\p{Lt}]/u.test(String(value)),
  upper: (value) => /\p{Lu}/u.test(String(value)) && !/[\p{Ll}\p{Lt}]/u.test(String(value)),
  in: (value, all) => contains(defined(all), value),
  eq: equal, equalto: equal, '==': equal,
  ne: unequal, '!=': unequal,
  lt: less, lessthan: less, '<': less,
  le: atMost, '<=': atMost,
  gt: greater, greaterthan: greater, '>': greater,
  ge: atLeast, '>=': atLeast,
};

/** @throws JinjaError where there is no such test */
export function findTest(name: string): Test {
  if (Object.hasOwn(tests, name)) return tests[name]!;
  throw new JinjaError(`there is no test "${name}"; there are ${Object.keys(tests).join(', ')}`);
}
