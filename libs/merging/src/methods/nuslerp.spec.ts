import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { nuslerp } from './nuslerp.js';

describeMergeMethod(nuslerp, { parameters: { weight: 1 }, symmetric: true });

const half = Math.SQRT1_2;

test('the weights say where on the circle; differences from a base turn around it', () => {
  scope(() => {
    const models = [tensor([1, 0]), tensor([0, 1])];
    mergeTensors(nuslerp, { models }, { weight: 1 }).toArray().forEach((value) => expect(value).toBeCloseTo(half, 6));
    const base = tensor([10, 10]);
    const moved = [tensor([11, 10]), tensor([10, 11])];
    mergeTensors(nuslerp, { base, models: moved }, { weight: 1 }).toArray().forEach((value) => expect(value).toBeCloseTo(10 + half, 5));
    expect(mergeTensors(nuslerp, { models }, { weight: [0, 1] }).toArray()[1]).toBeCloseTo(1, 6);
  });
});

test('vectors are whole weights, rows, or columns', () => {
  scope(() => {
    const models = [tensor([1, 0, 0, 2], { shape: [2, 2] }), tensor([0, 1, 0, 2], { shape: [2, 2] })];
    const merge = (parameters: object): number[] => mergeTensors(nuslerp, { models }, { weight: 1, nuslerp_flatten: false, ...parameters }).toArray();
    const rows = merge({});
    [half, half, 0, 2].forEach((value, index) => expect(rows[index]).toBeCloseTo(value, 5));
    // Columns (1, 0) and (0, 0); (0, 2) and (1, 2).
    const columns = merge({ nuslerp_row_wise: true });
    const theta = Math.acos(2 / Math.sqrt(5));
    const share = Math.sin(theta / 2) / Math.sin(theta);
    [half, share, 0, 4 * share].forEach((value, index) => expect(columns[index]).toBeCloseTo(value, 5));
  });
});
