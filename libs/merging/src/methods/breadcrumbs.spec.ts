import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { breadcrumbs } from './breadcrumbs.js';

describeMergeMethod(breadcrumbs, { parameters: { weight: 0.5, density: 0.6, gamma: 0.1 }, symmetric: true });

test('drops the largest share gamma, and of the smallest as many as leave the density', () => {
  scope(() => {
    const base = tensor([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const models = [tensor([1, -2, 3, -4, 5, -6, 7, -8, 9, -10])];
    expect(mergeTensors(breadcrumbs, { base, models }, { weight: 1, density: 0.5, gamma: 0.2 }).toArray()).toEqual([0, 0, 0, -4, 5, -6, 7, -8, 0, 0]);
    // Where density and gamma are more than all, fewer outliers go.
    expect(mergeTensors(breadcrumbs, { base, models }, { weight: 1, density: 0.9, gamma: 0.2 }).toArray()).toEqual([1, -2, 3, -4, 5, -6, 7, -8, 9, 0]);
    expect(mergeTensors(breadcrumbs, { base, models }, { weight: 1, density: 0.5, gamma: 0 }).toArray()).toEqual([0, 0, 0, 0, 0, -6, 7, -8, 9, -10]);
  });
});
