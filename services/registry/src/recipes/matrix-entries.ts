import { Name } from '@tunesmith/contracts';
import { RefusedError } from '../errors.js';
import type { Json } from '../runs/expression.js';

/** One entry of a matrix: its name, and what `${{ matrix.KEY }}` stands for. */
export interface MatrixEntry {
  readonly name: string;
  readonly values: Readonly<Record<string, Json>>;
}

/**
 * The entries of a matrix: named ones, `{small: {rank: 4}}`, or every combination of axes, `{rank: [4, 64], seed: [1, 2]}`, in the order
 * written, the last axis fastest. An axis value that is an object is called by its `name`.
 *
 * @throws RefusedError `matrix-invalid`
 */
export function matrixEntries(step: string, matrix: Json): MatrixEntry[] {
  const refuse = (expected: string): RefusedError =>
    new RefusedError({ code: 'matrix-invalid', message: `${step}.matrix: expected ${expected}; got ${JSON.stringify(matrix).slice(0, 120)}`, facts: { step } });
  if (!isObject(matrix) || Object.keys(matrix).length === 0) throw refuse('entries by name, {small: {rank: 4}}, or axes, {rank: [4, 64]}');
  const parts = Object.entries(matrix);
  if (parts.every(([, value]) => isObject(value))) return parts.map(([name, value]) => ({ name, values: value as Record<string, Json> }));
  const axes = parts.flatMap(([axis, values]) => (Array.isArray(values) ? [{ axis, values }] : []));
  if (axes.length < parts.length || axes.some(({ values }) => values.length === 0)) throw refuse('only named entries (objects), or only axes (lists that are not empty)');
  const entries = axes.reduce<MatrixEntry[]>(
    (before, { axis, values }) => before.flatMap((entry) => values.map((value, index) => ({ name: [entry.name, labelOf(axis, value, index)].filter(Boolean).join('-'), values: { ...entry.values, [axis]: value } }))),
    [{ name: '', values: {} }],
  );
  if (new Set(entries.map(({ name }) => name)).size < entries.length) throw refuse('values that differ, so that each entry has a name of its own');
  return entries;
}

function labelOf(axis: string, value: Json, index: number): string {
  const given = isObject(value) ? value['name'] : value;
  const text = typeof given === 'number' && !Number.isInteger(given) ? String(given) : typeof given === 'number' || typeof given === 'boolean' ? `${axis}${String(given)}` : given;
  const label = typeof text === 'string' ? text.replace(/[^A-Za-z0-9._]+/g, '_').replace(/^[._]+|[._]+$/g, '') : '';
  return label !== '' && label.length <= 40 && Name.safeParse(label).success ? label : `${axis}${index + 1}`;
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
