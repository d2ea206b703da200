import { ops, scope, tensor, zeros } from '@tunesmith/tensor';
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

test('what is stored in float32 was not rounded to the bfloat16 of the models before', () => {
  scope(() => {
    const half = (values: readonly number[]) => ops.toDtype(tensor(values), 'bfloat16');
    const input = { base: half([1, 0, 0]), models: [half([1.0078125, 1, 0]), half([1, 1, 0])] };
    const merge = (outDtype?: 'float32') => mergeTensors(ramplusTl, { ...input, outDtype }, { r: 0.5, alpha: 1 });
    expect(merge('float32').toArray()).toEqual([1.01171875, 1, 0]);
    expect(merge().dtype).toBe('bfloat16');
    expect(merge().toArray()).toEqual([1.015625, 1, 0]);
  });
});
