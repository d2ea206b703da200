import { scope, tensor, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { ramplusTl } from './ramplus-tl.js';

describeMergeMethod(ramplusTl, { symmetric: true });

test('what one model alone changed grows by its share of shared changes, up to a bound', () => {
  scope(() => {
    // The first shares one change of three (1 / 2 of those alone), the second one of two (1 / 1).
    const models = [tensor([1, 2, 4, 0]), tensor([0, 0, 2, 8])];
    const merge = (parameters: object): number[] => mergeTensors(ramplusTl, { base: zeros([4]), models }, { r: 0.5, ...parameters }).toArray();
    expect(merge({ alpha: 1 })).toEqual([1.25, 2.5, 3, 12]);
    expect(merge({ alpha: 0.5 })).toEqual([1.25, 2.5, 3, 10]);
    expect(merge({ alpha: 0 })).toEqual([1, 2, 3, 8]);
  });
});
