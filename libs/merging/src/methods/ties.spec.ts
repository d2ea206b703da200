import { full, ops, scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { ties } from './ties.js';

describeMergeMethod(ties, { parameters: { weight: 0.5, density: 0.5 }, symmetric: true });

test('trims, elects the sign of the weighted sum, and takes the mean of those that agree', () => {
  scope(() => {
    const base = tensor([1, 1, 1, 1]);
    const models = [tensor([5, 0, 1.125, 3]), tensor([-2, -1, 1.25, 1.5])];
    // Kept of the differences: 4 and 2; -3 and -2. The first element's sum is positive, so only 4 counts there.
    expect(mergeTensors(ties, { base, models }, { weight: 1, density: 0.5 }).toArray()).toEqual([5, -1, 1, 3]);
    expect(mergeTensors(ties, { base, models }, { weight: [1, 2], density: 0.5 }).toArray()).toEqual([-2, -1, 1, 3]);
    expect(mergeTensors(ties, { base, models }, { weight: [1, 2], density: 0.5, normalize: false }).toArray()).toEqual([-5, -3, 1, 3]);
  });
});

test('keeps at least one element, and nothing at density 0', () => {
  scope(() => {
    const base = tensor([0, 0, 0, 0]);
    const models = [tensor([4, -3, 2, -1])];
    expect(mergeTensors(ties, { base, models }, { weight: 1, density: 0.1 }).toArray()).toEqual([4, 0, 0, 0]);
    expect(mergeTensors(ties, { base, models }, { weight: 1, density: 0.5 }).toArray()).toEqual([4, -3, 0, 0]);
    expect(mergeTensors(ties, { base, models }, { weight: 1, density: 0 }).toArray()).toEqual([0, 0, 0, 0]);
  });
});

test('scales what is kept to the sum of magnitudes of all where asked', () => {
  scope(() => {
    const base = tensor([0, 0, 0, 0]);
    expect(mergeTensors(ties, { base, models: [tensor([4, 2, 1, 1])] }, { weight: 1, density: 0.25, rescale: true }).toArray()).toEqual([8, 0, 0, 0]);
  });
});

test('scales in float16 by sums that are beyond its range', () => {
  scope(() => {
    const half = (value: number) => ops.toDtype(full([1000], value), 'float16');
    const merged = mergeTensors(ties, { base: half(0), models: [half(100)] }, { weight: 1, density: 0.5, rescale: true }).toArray();
    expect(merged.filter((value) => value === 200)).toHaveLength(500);
  });
});
