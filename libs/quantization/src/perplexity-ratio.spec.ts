import { perplexity } from './perplexity.js';
import { perplexityRatio, tooFewTokens } from './perplexity-ratio.js';

test('the ratio of both perplexities, between the bounds that Student gives for the mean of the differences', () => {
  const [model, file] = [[-1, -2, -0.5, -3, -1], [-1.2, -2.1, -0.4, -3.5, -1.1]];
  const found = perplexityRatio(model, file)!;
  expect(found.ratio).toBeCloseTo(perplexity(file) / perplexity(model), 12);
  // Differences 0.2, 0.1, -0.1, 0.5, 0.1: mean 0.16, standard deviation 0.2191; t for four degrees of freedom is 2.776.
  const reach = (2.776 * 0.219089) / Math.sqrt(5);
  expect(Math.log(found.high)).toBeCloseTo(0.16 + reach, 2);
  expect(Math.log(found.low)).toBeCloseTo(0.16 - reach, 2);
});

test('with many tokens it covers the truth nineteen times of twenty, and what both find hard does not count', () => {
  let state = 5;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  let covered = 0;
  for (let trial = 0; trial < 400; trial += 1) {
    const model = Array.from({ length: 60 }, () => -5 * uniform());
    const { low, high } = perplexityRatio(model, model.map((own) => own - 0.1 - 0.2 * normal()))!;
    if (Math.log(low) < 0.1 && Math.log(high) > 0.1) covered += 1;
    expect(high / low).toBeLessThan(1.2);
  }
  expect(covered / 400).toBeGreaterThan(0.92);
  expect(covered / 400).toBeLessThan(0.98);
});

test('one token gives no interval', () => expect(perplexityRatio([-1], [-2])).toBeNull());

test('too few tokens are told with how uncertain each ratio is', () => {
  const ratio = { ratio: 1.115, low: 0.952, high: 1.301 };
  expect(tooFewTokens({ rows: 40, tokens: 1000 }, [['gguf/q8_0', ratio]])).toBeUndefined();
  expect(tooFewTokens({ rows: 1, tokens: 5 }, [['gguf/q8_0', ratio], ['onnx/int4', null]])).toBe(
    'perplexities are of 5 tokens in 1 held-out rows: too few to decide by, expected at least 1000 (against the model, gguf/q8_0: +11.5 %, -4.8 % to +30.1 % with 95 % confidence; onnx/int4: not known). Give a dataset with more rows of the split "validation".',
  );
});
