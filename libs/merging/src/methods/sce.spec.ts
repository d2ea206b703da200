import { scope, tensor, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { sce } from './sce.js';

describeMergeMethod(sce, { parameters: { select_topk: 0.5 }, symmetric: true });

// Made from the formulas by hand: base 0, tau 0.5; one of the three elements that vary is selected.
const differences = [[0.4, -0.2, 0.1, 0], [0.1, 0.3, 0.1, -0.4], [-0.3, 0.2, 0.1, 0.2]];

test.each([
  ['the paper and mergekit: unselected elements keep the base', true, [0.382353, 0, 0, 0]],
  ["the authors' release: selection only shapes the weights", false, [0.382353, 0.21, 0.1, -0.4]],
])('%s', (_name, masked, expected) => {
  scope(() => {
    const merged = mergeTensors(sce, { base: zeros([4]), models: differences.map((values) => tensor(values)) }, { select_topk: 0.5, masked }).toArray();
    expected.forEach((value, index) => expect(merged[index]).toBeCloseTo(value, 5));
  });
});

test('nothing selected: the base, or equal weights', () => {
  scope(() => {
    const input = { base: zeros([4]), models: differences.map((values) => tensor(values)) };
    expect(mergeTensors(sce, input, { select_topk: 0 }).toArray()).toEqual([0, 0, 0, 0]);
    const merged = mergeTensors(sce, input, { select_topk: 0, masked: false }).toArray();
    [0.25, 0.25, 0.1, -0.4].forEach((value, index) => expect(merged[index]).toBeCloseTo(value, 5));
  });
});
