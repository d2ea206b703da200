import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { karcher } from './karcher.js';

describeMergeMethod(karcher, { symmetric: true });

test('is the middle of the arc between two directions, and as long as their mean', () => {
  scope(() => {
    const angle = 0.3;
    const models = [tensor([2, 0]), tensor([4 * Math.cos(angle), 4 * Math.sin(angle)])];
    const [x, y] = mergeTensors(karcher, { models }, { max_iter: 50 }).toArray();
    expect(x).toBeCloseTo(3 * Math.cos(angle / 2), 5);
    expect(y).toBeCloseTo(3 * Math.sin(angle / 2), 5);
  });
});

test('zero models count for the length only; nothing but zeros gives zeros', () => {
  scope(() => {
    expect(mergeTensors(karcher, { models: [tensor([0, 0]), tensor([0, 3])] }).toArray()).toEqual([0, 1.5]);
    expect(mergeTensors(karcher, { models: [tensor([0, 0]), tensor([0, 0])] }).toArray()).toEqual([0, 0]);
  });
});
