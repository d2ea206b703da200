import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { linear } from './linear.js';

describeMergeMethod(linear, { symmetric: true });

test('weighs the models and divides by the sum of the weights, or does not', () => {
  scope(() => {
    const models = [tensor([1, 2], { shape: [2] }), tensor([5, 10], { shape: [2] })];
    expect(mergeTensors(linear, { models }, { weight: [3, 1] }).toArray()).toEqual([2, 4]);
    expect(mergeTensors(linear, { models }, { weights: [3, 1] }).toArray()).toEqual([2, 4]);
    expect(mergeTensors(linear, { models }, { weight: [3, 1], normalize: false }).toArray()).toEqual([8, 16]);
  });
});

test('refuses weights that do not fit the models', () => {
  scope(() => {
    const model = tensor([1], { shape: [1] });
    expect(() => mergeTensors(linear, { models: [model, model] }, { weight: [1] })).toThrow(/linear.weight: expected a finite number for all 2 models, or a list with one for each; got \[1\]/);
  });
});
