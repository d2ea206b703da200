import { readFileSync } from 'node:fs';
import type { IntegerGrid } from '../../methods/integer-grid.js';
import type { RoundedMatrix } from '../../methods/rounded-matrix.js';
import { defaultSettings } from '../hf.js';
import { packedFormats } from './formats.js';

// What compressed-tensors 0.20.0 and AutoGPTQ 0.7.1 themselves make of some levels (tests/parity/make-packed-linear-fixtures.py).
const fixture = JSON.parse(readFileSync(new URL('../../../../../tests/parity/fixtures/quantization/packed-linears.json', import.meta.url), 'utf8')) as {
  rows: number; columns: number; group: number;
  cases: { bits: number; levels: string; zeros: string; weight_packed: string; weight_zero_point: string; qweight: string; qzeros: string }[];
};
const { rows, columns, group, cases } = fixture;
const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));
const format = (name: string) => packedFormats.find((each) => each.name === name)!;

describe.each(cases)('levels of $bits bits', ({ bits, levels, zeros, ...expected }) => {
  const grid: IntegerGrid = { bits, symmetric: false, groupSize: group, leastZero: 1, scaleDtype: 'float16' };
  const matrix: RoundedMatrix = { grid, shape: [rows, columns], levels: bytesOf(levels), zeros: bytesOf(zeros), scales: new Float32Array((rows * columns) / group).fill(1) };
  const content = { method: 'rtn', bits, symmetric: false, groupSize: group, settings: defaultSettings, roundsInputs: false };
  const written = (name: string) => new Map(format(name).tensors('layer', matrix, content).map((entry) => [entry.name.replace('layer.', ''), entry]));

  test('have the words of compressed-tensors', () => {
    const tensors = written('compressed-tensors');
    expect(tensors.get('weight_packed')!.bytes).toEqual(bytesOf(expected.weight_packed));
    expect(tensors.get('weight_zero_point')!.bytes).toEqual(bytesOf(expected.weight_zero_point));
    expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['weight_packed', 'I32', [rows, (columns * bits) / 32]],
      ['weight_scale', 'F16', [rows, columns / group]],
      ['weight_shape', 'I64', [2]],
      ['weight_zero_point', 'I32', [(rows * bits) / 32, columns / group]],
    ]);
  });

  test('have the words of AutoGPTQ, zero points less one', () => {
    const tensors = written('gptq');
    expect(tensors.get('qweight')!.bytes).toEqual(bytesOf(expected.qweight));
    expect(tensors.get('qzeros')!.bytes).toEqual(bytesOf(expected.qzeros));
    expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['qweight', 'I32', [(columns * bits) / 32, rows]],
      ['qzeros', 'I32', [columns / group, (rows * bits) / 32]],
      ['scales', 'F16', [columns / group, rows]],
      ['g_idx', 'I32', [columns]],
    ]);
  });
});

test('symmetric levels of four bits have the zero points that every reader of gptq knows', () => {
  const symmetric: RoundedMatrix = { grid: { bits: 4, symmetric: true, groupSize: 32, leastZero: 1, scaleDtype: 'float16' }, shape: [8, 32], levels: new Uint8Array(256), zeros: new Uint8Array(8).fill(8), scales: new Float32Array(8).fill(1) };
  const entry = format('gptq').tensors('layer', symmetric, { method: 'rtn', bits: 4, symmetric: true, groupSize: 32, settings: defaultSettings, roundsInputs: false }).find(({ name }) => name === 'layer.qzeros')!;
  expect(entry.bytes).toEqual(new Uint8Array(4).fill(0x77));
});
