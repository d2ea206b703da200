import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { slerp } from './slerp.js';

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

test.each([[0, [1, 2]], [1, [-2, 1]]])('t = %d gives one end', (t, [first, second]) => {
  scope(() => {
    const [x, y] = mergeTensors(slerp, { base: tensor([1, 2]), models: [tensor([-2, 1])] }, { t }).toArray();
    expect(x).toBeCloseTo(first!, 6);
    expect(y).toBeCloseTo(second!, 6);
  });
});

test('takes the straight line where the two point the same way or the opposite; a zero vector counts as orthogonal', () => {
  scope(() => {
    const base = tensor([1, 2]);
    expect(mergeTensors(slerp, { base, models: [tensor([3, 6])] }, { t: 0.25 }).toArray()).toEqual([1.5, 3]);
    expect(mergeTensors(slerp, { base, models: [tensor([-3, -6])] }, { t: 0.25 }).toArray()).toEqual([0, 0]);
    expect(mergeTensors(slerp, { base, models: [tensor([0, 0])] }, { t: 0.5 }).toArray()[0]).toBeCloseTo(Math.SQRT1_2, 6);
  });
});
