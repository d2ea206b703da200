import { describeQuantized } from './describe-quantized.js';

test('says of each file what it takes, loses and says', () => {
  const lost = { perplexity: 20.5, perplexityRatio: { ratio: 1.025, low: 0.998, high: 1.0534 }, klDivergence: 0.0125 };
  const metrics = {
    formats: [{ target: 'gguf/q4_k_m', bytes: 100 * 2 ** 20, ...lost, answers: [{ question: 'Who are\nyou?', answer: ' A model,\n as it seems.' }] }, { target: 'onnx/int4', bytes: 9 * 2 ** 20, perplexity: null, perplexityRatio: null, klDivergence: null, answers: [{ question: 'Who?', answer: '' }] }],
    base: { bytes: 270 * 2 ** 20, perplexity: 20 }, scored: { rows: 1, tokens: 400 },
  };
  expect(describeQuantized(metrics, 60).map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['FORMAT', 'SIZE', 'PERPLEXITY', 'AGAINST THE MODEL', '95 %', 'KL'],
    ['the model', '270 MB', '20'],
    ['gguf/q4_k_m', '100 MB', '20.5', '+2.5 %', '-0.2 % to +5.3 %', '0.0125'],
    ['onnx/int4', '9.0 MB'],
    ['gguf/q4_k_m: Who are you? -> A model, as it seems.'],
    ['onnx/int4: Who? -> (nothing)'],
  ]);
  expect(describeQuantized(metrics, 30)[4]!.length).toBeLessThanOrEqual(30);
});

test('says of each file which tensors could not have the type that they should', () => {
  const content = { types: {}, fallbacks: [{ wanted: 'Q4_K', used: 'Q5_0', columns: 576, tensors: 166 }, { wanted: 'Q6_K', used: 'Q8_0', columns: 576, tensors: 1 }] };
  expect(describeQuantized({ formats: [{ target: 'gguf/q4_k_m', bytes: 1, content }, { target: 'gguf/q8_0', bytes: 1, content: { types: {}, fallbacks: [] } }, { target: 'onnx/int4', bytes: 1 }] }, 80)).toEqual([
    '  gguf/q4_k_m: 166 tensors with rows of 576 became Q5_0; Q4_K has blocks that do not divide them',
    '  gguf/q4_k_m: 1 tensor with rows of 576 became Q8_0; Q6_K has blocks that do not divide them',
  ]);
  expect(describeQuantized({}, 80)).toEqual([]);
});
