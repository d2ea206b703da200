import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { breadcrumbsTies } from './breadcrumbs-ties.js';

describeMergeMethod(breadcrumbsTies, { parameters: { weight: 0.5, density: 0.6, gamma: 0.1 }, symmetric: true });

test('drops both ends, then holds the rest to the sign of the majority', () => {
  scope(() => {
    const base = tensor([0, 0, 0, 0]);
    const models = [tensor([1, 3, -2, 9]), tensor([9, -2, -3, 1])];
    expect(mergeTensors(breadcrumbsTies, { base, models }, { weight: 1, density: 0.5, gamma: 0.25 }).toArray()).toEqual([0, 3, -5, 0]);
  });
});
