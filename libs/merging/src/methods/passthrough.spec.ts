import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { passthrough } from './passthrough.js';

describeMergeMethod(passthrough);

test('gives the weight as it is, or times a factor', () => {
  scope(() => {
    const models = [tensor([1, 2])];
    expect(mergeTensors(passthrough, { models })).toBe(models[0]);
    expect(mergeTensors(passthrough, { models }, { scale: 0.5 }).toArray()).toEqual([0.5, 1]);
  });
});
