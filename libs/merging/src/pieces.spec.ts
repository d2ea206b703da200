import { liveTensors, manualSeed, noGrad, ops, randn, scope, type Tensor } from '@tunesmith/tensor';
import { findMergeMethod } from './methods.js';
import { pieceLength } from './pieces.js';
import { mergeTensors } from './testing/merge-tensors.js';

// A weight that is another one many times over has its angles, its shares and its ranks. So the merge of the long one, which goes in several pieces, is the merge of
// the short one many times over.

const [rows, width] = [4, 512];
const times = Math.ceil(pieceLength / (rows * width)) + 3;

test.each<[name: string, models: number, base: boolean, parameters: Record<string, unknown>]>([
  ['linear', 3, false, { weight: [1, 2, 0.5] }],
  ['slerp', 1, true, { t: 0.3 }],
  ['nuslerp', 2, false, { weight: [1, 2] }],
  ['nuslerp', 2, true, { weight: [1, 2] }],
  ['nuslerp', 2, false, { weight: [1, 2], nuslerp_flatten: false }],
  ['nuslerp', 2, false, { weight: [1, 2], nuslerp_flatten: false, nuslerp_row_wise: true }],
  ['multislerp', 3, true, { weight: [1, 2, 0.5] }],
  ['karcher', 3, false, {}],
  ['task_arithmetic', 3, true, { weight: 0.3 }],
  ['ties', 3, true, { weight: 0.3, density: 0.5, rescale: true }],
  ['breadcrumbs', 3, true, { weight: 0.3, density: 0.5, gamma: 0.125 }],
  ['model_stock', 3, true, {}],
  ['model_stock', 3, true, { filter_wise: true }],
  ['nearswap', 1, true, { t: 0.01 }],
  ['ram', 3, true, { epsilon: 0.3 }],
  ['ramplus_tl', 3, true, { epsilon: 0.3, alpha: 2 }],
  ['sce', 3, true, { select_topk: 0.5 }],
  ['varm', 3, true, {}],
  ['varm', 3, true, { granularity: 'parameter' }],
  ['widen', 2, true, {}],
])('%s of %d model(s) is the same in pieces (base: %s, %j)', (name, count, withBase, parameters) => {
  const before = liveTensors();
  scope(() =>
    noGrad(() => {
      manualSeed(4);
      const method = findMergeMethod(name);
      const centre = randn([rows, width]);
      const models = Array.from({ length: count }, () => ops.add(centre, ops.mulScalar(randn([rows, width]), 0.5)));
      const long = (tensor: Tensor): Tensor => ops.repeat(tensor, [times, 1]);
      const merge = (turn: (tensor: Tensor) => Tensor): Tensor => mergeTensors(method, { base: withBase ? turn(centre) : null, models: models.map(turn) }, parameters);
      const merged = merge(long);
      const away = ops.abs(ops.sub(merged, long(merge((tensor) => tensor))));
      // But for the few whose rank is decided by rounding.
      expect(ops.countNonzero(ops.gtScalar(away, 1e-3)).item() / merged.size).toBeLessThan(0.005);
    }),
  );
  expect(liveTensors()).toBe(before);
});

test('arcee_fusion draws the threshold of a large weight from a sample, by the seed', () => {
  scope(() =>
    noGrad(() => {
      manualSeed(5);
      const base = randn([rows * times, width], { dtype: 'bfloat16' });
      const model = ops.add(base, ops.mulScalar(randn([rows * times, width], { dtype: 'bfloat16' }), 0.1));
      const changed = (seed: number): number => ops.countNonzero(ops.sub(mergeTensors(findMergeMethod('arcee_fusion'), { base, models: [model], seed }), base)).item() / base.size;
      const first = changed(1);
      expect(changed(1)).toBe(first);
      expect(first).toBeGreaterThan(0.001);
      expect(first).toBeLessThan(0.2);
    }),
  );
});
