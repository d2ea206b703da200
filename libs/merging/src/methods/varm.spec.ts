import { scope, tensor, zeros } from '@tunesmith/tensor';
import { MergeParameters } from '../merge-parameters.js';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { varm } from './varm.js';

describeMergeMethod(varm, { symmetric: true });

const differences = [[0.4, -0.2, 0.1, 0], [0.1, 0.3, 0.1, -0.4], [-0.3, 0.2, 0.1, 0.2]];

test('matrices by their squared change, by hand from equation 7', () => {
  scope(() => {
    const merged = mergeTensors(varm, { base: zeros([4]), models: differences.map((values) => tensor(values)) }).toArray();
    [0.086364, 0.113636, 0.1, -0.109091].forEach((value, index) => expect(merged[index]).toBeCloseTo(value, 5));
  });
});

test('single numbers by theirs; equal weights where one did not change', () => {
  scope(() => {
    const merged = mergeTensors(varm, { base: zeros([2]), models: [tensor([1, 0]), tensor([3, 4])] }, { granularity: 'parameter' }).toArray();
    [(1 + 27) / 10, 2].forEach((value, index) => expect(merged[index]).toBeCloseTo(value, 6));
  });
});

test.each([
  ['layer', { 'model.layers.0.mlp.up_proj.weight': [0.25, 0.75], 'model.layers.0.self_attn.q_proj.weight': [0.25, 0.75], 'model.layers.1.mlp.up_proj.weight': [0.5, 0.5], 'lm_head.weight': [0.5, 0.5] }],
  ['module', { 'model.layers.0.mlp.up_proj.weight': [1 / 3, 2 / 3], 'model.layers.0.self_attn.q_proj.weight': [0.2, 0.8], 'model.layers.1.mlp.up_proj.weight': [0.5, 0.5], 'lm_head.weight': [0.9, 0.1] }],
  ['model', { 'model.layers.0.mlp.up_proj.weight': [20 / 36, 16 / 36], 'lm_head.weight': [20 / 36, 16 / 36] }],
])('a survey of all weights gives units of the size %s their weights', (granularity, expected) => {
  const parameters = new MergeParameters(varm, { granularity }, 2);
  expect(varm.survey!.needed(parameters)).toBe(true);
  // Size, then the sum of squares of each model; the first model did not change in the second layer.
  const measured = new Map([
    ['model.layers.0.mlp.up_proj.weight', [1, 1, 2]],
    ['model.layers.0.self_attn.q_proj.weight', [1, 1, 4]],
    ['model.layers.1.mlp.up_proj.weight', [2, 0, 8]],
    ['lm_head.weight', [2, 18, 2]],
  ]);
  const findings = varm.survey!.conclude(measured, parameters);
  for (const [name, weights] of Object.entries(expected)) weights.forEach((weight, index) => expect(findings.get(name)![index]).toBeCloseTo(weight, 12));
});
