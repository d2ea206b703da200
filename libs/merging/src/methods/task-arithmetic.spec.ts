import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { taskArithmetic } from './task-arithmetic.js';

describeMergeMethod(taskArithmetic, { parameters: { weight: 0.4 }, symmetric: true });

test('adds weighed differences to the base, over the sum of weights and times lambda where asked', () => {
  scope(() => {
    const base = tensor([1, 2]);
    const models = [tensor([2, 4]), tensor([0, 5])];
    const merge = (parameters: object): number[] => mergeTensors(taskArithmetic, { base, models }, { weight: [0.5, 1], ...parameters }).toArray();
    expect(merge({})).toEqual([0.5, 6]);
    expect(merge({ lambda: 2 })).toEqual([0, 10]);
    expect(merge({ normalize: true, weight: [1, 3] })).toEqual([1 + (1 - 3) / 4, 2 + (2 + 9) / 4]);
    // Weights that cancel divide by one.
    expect(merge({ normalize: true, weight: [1, -1] })).toEqual([3, 1]);
  });
});

test('refuses a missing weight, and a density, since it keeps all differences', () => {
  scope(() => {
    const base = tensor([1]);
    expect(() => mergeTensors(taskArithmetic, { base, models: [base] })).toThrow(/task_arithmetic.weight: expected a finite number for the model; got nothing/);
    expect(() => mergeTensors(taskArithmetic, { base, models: [base] }, { weight: 1, density: 0.5 })).toThrow(/task_arithmetic: expected parameters among weight, normalize, lambda, int8_mask; got density/);
  });
});
