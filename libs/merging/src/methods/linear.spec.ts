import { scope, tensor } from '@tunesmith/tensor';
import { MergeParameters } from '../merge-parameters.js';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { linear } from './linear.js';

describeMergeMethod(linear);

test('weighs the models and divides by the sum of the weights', () => {
  scope(() => {
    const base = tensor([1, 2], { shape: [2] });
    const other = tensor([5, 10], { shape: [2] });
    expect(linear.merge({ name: 'weight', base, models: [other], update: null }, new MergeParameters(linear, { weights: [3, 1] })).toArray()).toEqual([2, 4]);
  });
});

test('refuses weights that do not fit the models', () => {
  scope(() => {
    const base = tensor([1], { shape: [1] });
    expect(() => linear.merge({ name: 'weight', base, models: [base], update: null }, new MergeParameters(linear, { weights: [1] }))).toThrow(/a list of 2 finite numbers/);
  });
});
