import { full, ops, scope, tensor, zeros } from '@tunesmith/tensor';
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

test('what is stored in float32 was not rounded to the bfloat16 of the models before', () => {
  scope(() => {
    const base = ops.toDtype(full([1, 8], 100), 'bfloat16');
    const model = ops.toDtype(tensor([100, 100, 100, 0.5, 100, 100, 100, 100], { shape: [1, 8] }), 'bfloat16');
    // 0.5 - 100 is 99.5 in bfloat16, and 100 - 99.5 is 0.5; from 300, it is not.
    const merged = mergeTensors(arceeFusion, { base, models: [model], outDtype: 'float32' });
    expect(merged.dtype).toBe('float32');
    expect(merged.toArray()[3]).toBe(0.5);
  });
});
