import type { MergeScalar, MergeSetting } from './merge-configuration.js';
import type { MergeParameter } from './merge-method.js';
import { resolveSetting } from './resolve-setting.js';

// By hand after mergekit 0.1.5, config.py: evaluate_setting.
test.each<[name: string, kind: MergeParameter['kind'], setting: MergeSetting, tensor: string, t: number, expected: MergeScalar | undefined]>([
  ['a number', 'number', 0.3, 'x', 0.5, 0.3],
  ['a number that YAML 1.1 reads as text', 'number', '1e-3', 'x', 0, 0.001],
  ['a text', 'choice', 'sum', 'x', 0, 'sum'],
  ['a gradient at its begin', 'number', [0, 1, 0.5], 'x', 0, 0],
  ['a gradient between its points', 'number', [0, 1, 0.5], 'x', 0.25, 0.5],
  ['a gradient at its end', 'number', [0, 1, 0.5], 'x', 1, 0.5],
  ['a gradient of one', 'number', [0.7], 'x', 0.4, 0.7],
  ['choices over the layers', 'choice', ['a', 'b', 'c'], 'x', 0.6, 'b'],
  ['flags over the layers', 'flag', [true, false], 'x', 0.9, true],
  ['a flag that YAML 1.1 reads as one', 'flag', 'On', 'x', 0, true],
  ['a flag as a number', 'flag', 0, 'x', 0, false],
  ['flags as numbers, which do not mix', 'flag', [1, 0], 'x', 0.9, true],
  ['what is no flag', 'flag', 0.5, 'x', 0, 0.5],
  ['a text that looks like a number', 'choice', '1', 'x', 0, '1'],
  ['the first filter that fits', 'number', [{ filter: 'attn', value: 1 }, { filter: 'self', value: 2 }, { value: 3 }], 'layers.0.self_attn', 0, 1],
  ['the value for the rest', 'number', [{ filter: 'mlp', value: 1 }, { value: [0, 4] }], 'layers.0.self_attn', 0.5, 2],
  ['the filter *', 'number', [{ filter: '*', value: 5 }], 'x', 0, 5],
  ['one condition alone', 'number', { filter: 'x', value: 6 }, 'x', 0, 6],
  ['no filter that fits', 'number', [{ filter: 'mlp', value: 1 }], 'norm', 0, undefined],
])('%s', (_name, kind, setting, tensor, t, expected) => {
  expect(resolveSetting(setting, kind, tensor, t)).toBe(expected);
});
