import { resolveSetting } from './resolve-setting.js';

// By hand after mergekit 0.1.5, config.py: evaluate_setting.
test.each([
  ['a number', 0.3, 'x', 0.5, 0.3],
  ['a number that YAML 1.1 reads as text', '1e-3', 'x', 0, 0.001],
  ['a text', 'sum', 'x', 0, 'sum'],
  ['a gradient at its begin', [0, 1, 0.5], 'x', 0, 0],
  ['a gradient between its points', [0, 1, 0.5], 'x', 0.25, 0.5],
  ['a gradient at its end', [0, 1, 0.5], 'x', 1, 0.5],
  ['a gradient of one', [0.7], 'x', 0.4, 0.7],
  ['choices over the layers', ['a', 'b', 'c'], 'x', 0.6, 'b'],
  ['flags over the layers', [true, false], 'x', 0.9, true],
  ['the first filter that fits', [{ filter: 'attn', value: 1 }, { filter: 'self', value: 2 }, { value: 3 }], 'layers.0.self_attn', 0, 1],
  ['the value for the rest', [{ filter: 'mlp', value: 1 }, { value: [0, 4] }], 'layers.0.self_attn', 0.5, 2],
  ['the filter *', [{ filter: '*', value: 5 }], 'x', 0, 5],
  ['one condition alone', { filter: 'x', value: 6 }, 'x', 0, 6],
  ['no filter that fits', [{ filter: 'mlp', value: 1 }], 'norm', 0, undefined],
])('%s', (_name, setting, tensor, t, expected) => {
  expect(resolveSetting(setting, tensor, t)).toBe(expected);
});
