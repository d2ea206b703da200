import { full, scope, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { dareTies } from './dare-ties.js';

describeMergeMethod(dareTies, { parameters: { weight: 0.5, density: 0.5 } });

test('what chance leaves is held to the sign of the majority', () => {
  scope(() => {
    const count = 4000;
    const base = zeros([count]);
    const models = [full([count], 2), full([count], -1)];
    const values = mergeTensors(dareTies, { base, models }, { weight: 1, density: 0.5, rescale: false }).toArray();
    // Both kept: 2 - 1 is positive, and 2 is left; one kept: itself; none: nothing.
    expect([...new Set(values)].sort((a, b) => a - b)).toEqual([-1, 0, 2]);
    expect(values.filter((value) => value === 2).length / count).toBeCloseTo(0.5, 1);
    expect(values.filter((value) => value === -1).length / count).toBeCloseTo(0.25, 1);
  });
});
