import { Linear, plainParts } from '@tunesmith/nn';
import { scope, tensor } from '@tunesmith/tensor';
import { roundedInputParts } from './rounded-inputs.js';

test('each token is rounded to int8 by its own largest magnitude; the output head sees what came', () => {
  scope(() => {
    const identity = (path: string) => new Linear(path, tensor([1, 0, 0, 1], { shape: [2, 2] }));
    const parts = roundedInputParts({ ...plainParts({ dtype: 'float32' }), linear: identity });
    const input = tensor([127.5, 0.6, -3.984375, 0.02], { shape: [2, 2] });
    // Scales 1 and 1/32; the largest lie halfway to a level that int8 lacks above and has below.
    parts.linear('up', 2, 2).forward(input).toArray().forEach((value, at) => expect(value).toBeCloseTo([127, 1, -4, 0.03125][at]!, 4));
    expect(parts.linear('lm_head', 2, 2).forward(input).toArray()).toEqual(input.toArray());
  });
});
