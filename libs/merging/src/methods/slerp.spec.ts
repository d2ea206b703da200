import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { interpolationWeights, slerp } from './slerp.js';

describeMergeMethod(slerp);

test('goes along the circle: half way between two unit vectors is their unit bisector', () => {
  scope(() => {
    const base = tensor([1, 0], { shape: [2] });
    const other = tensor([0, 1], { shape: [2] });
    const [x, y] = mergeTensors(slerp, { base, models: [other] }, { t: 0.5 }).toArray();
    expect(x).toBeCloseTo(Math.SQRT1_2, 6);
    expect(y).toBeCloseTo(Math.SQRT1_2, 6);
  });
});

test.each([[0, [1, 0]], [1, [0, 1]]])('t = %d gives one end', (t, [first, second]) => {
  const weights = interpolationWeights(0.3, t);
  expect(weights[0]).toBeCloseTo(first!, 12);
  expect(weights[1]).toBeCloseTo(second!, 12);
});

test('takes the straight line where the two point the same way, or one is zero', () => {
  expect(interpolationWeights(0.99999, 0.25)).toEqual([0.75, 0.25]);
  expect(interpolationWeights(NaN, 0.25)).toEqual([0.75, 0.25]);
});
