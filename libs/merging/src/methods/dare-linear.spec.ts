import { full, ones, scope, setThreads, threads, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { dareLinear } from './dare-linear.js';

describeMergeMethod(dareLinear, { parameters: { weight: 0.5, density: 0.5 } });

const count = 20_000;

test('keeps each difference with the probability of the density, and scales the sum of magnitudes back', () => {
  scope(() => {
    const base = zeros([count]);
    const models = [ones([count])];
    const kept = mergeTensors(dareLinear, { base, models }, { weight: 1, density: 0.3, rescale: false }).toArray();
    const share = kept.filter((value) => value === 1).length / count;
    expect(Math.abs(share - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / count));
    expect(kept.filter((value) => value !== 0 && value !== 1)).toEqual([]);
    const scaled = mergeTensors(dareLinear, { base, models }, { weight: 1, density: 0.3 }).toArray();
    scaled.forEach((value, index) => expect(value).toBeCloseTo(kept[index]! / share, 5));
  });
});

test('every model has chances of its own, and neither threads nor the other models change them', () => {
  scope(() => {
    const base = zeros([count]);
    const [first, second] = [ones([count]), full([count], 3)];
    const parameters = { density: 0.5, rescale: false };
    const both = mergeTensors(dareLinear, { base, models: [first, second] }, { ...parameters, weight: 1 }).toArray();
    const alone = mergeTensors(dareLinear, { base, models: [first] }, { ...parameters, weight: 1 }).toArray();
    both.forEach((value, index) => expect([alone[index]!, alone[index]! + 3]).toContain(value));
    for (const value of [0, 1, 3, 4]) expect(both.filter((each) => each === value).length / count).toBeCloseTo(0.25, 1);
    const before = threads();
    try {
      setThreads(before === 1 ? 2 : 1);
      expect(mergeTensors(dareLinear, { base, models: [first, second] }, { ...parameters, weight: 1 }).toArray()).toEqual(both);
    } finally {
      setThreads(before);
    }
  });
});
