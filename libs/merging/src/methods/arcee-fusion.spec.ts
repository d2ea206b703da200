import { scope, tensor, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { arceeFusion } from './arcee-fusion.js';

describeMergeMethod(arceeFusion);

test('takes over only differences whose importance is an outlier', () => {
  scope(() => {
    const base = zeros([4, 8]);
    const values = Array.from({ length: 32 }, (_, index) => (index === 5 ? 4 : 0.01 * (1 + (index % 3))));
    const merged = mergeTensors(arceeFusion, { base, models: [tensor(values, { shape: [4, 8] })] }).toArray();
    // The first row's softmax diverges most: all of its elements are outliers, none of the others'.
    merged.forEach((value, index) => expect(value).toBeCloseTo(index < 8 ? values[index]! : 0, 6));
  });
});
