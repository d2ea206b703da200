import { scope, tensor } from '@tunesmith/tensor';
import { penalizeRepetition } from './repetition-penalty.js';

test('what a row holds gets less likely on both sides of zero, in that row alone', () => {
  scope(() => {
    const logits = tensor([2, -2, 0.5, 2, -2, 0.5], { shape: [2, 3] });
    expect(penalizeRepetition(logits, [[0, 1, 0], []], 2).toArray()).toEqual([1, -4, 0.5, 2, -2, 0.5]);
  });
});

test('in bfloat16 too, and a penalty of one changes nothing', () => {
  scope(() => {
    const logits = tensor([2, -2], { shape: [1, 2], dtype: 'bfloat16' });
    expect(penalizeRepetition(logits, [[0]], 1)).toBe(logits);
    expect(penalizeRepetition(logits, [[1]], 1.25).toArray()).toEqual([2, -2.5]);
  });
});
