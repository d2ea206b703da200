import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { multislerp } from './multislerp.js';

describeMergeMethod(multislerp, { parameters: { weight: 0.5 }, symmetric: true });

test('the mean of three orthogonal unit vectors is the unit vector between them', () => {
  scope(() => {
    const models = [tensor([2, 0, 0]), tensor([0, 2, 0]), tensor([0, 0, 2])];
    mergeTensors(multislerp, { models }, { weight: 1 }).toArray().forEach((value) => expect(value).toBeCloseTo(2 / Math.sqrt(3), 5));
  });
});

test('directions that cancel: the straight line of two, an error for more', () => {
  scope(() => {
    expect(mergeTensors(multislerp, { models: [tensor([1, 0]), tensor([-1, 0])] }, { weight: 1 }).toArray()).toEqual([0, 0]);
    expect(() => mergeTensors(multislerp, { models: [tensor([1, 0]), tensor([-1, 0]), tensor([0, 0])] }, { weight: 1 })).toThrow(/expected directions of "weight" whose weighted sum is not zero/);
  });
});
