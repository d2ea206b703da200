import { describeFallbacks } from './describe-fallbacks.js';

test('says of each file which tensors could not have the type that they should', () => {
  const content = { types: {}, fallbacks: [{ wanted: 'Q4_K', used: 'Q5_0', columns: 576, tensors: 166 }, { wanted: 'Q6_K', used: 'Q8_0', columns: 576, tensors: 1 }] };
  expect(describeFallbacks({ formats: [{ target: 'gguf/q4_k_m', content }, { target: 'gguf/q8_0', content: { types: {}, fallbacks: [] } }, { target: 'onnx/int4' }] })).toEqual([
    '  gguf/q4_k_m: 166 tensors with rows of 576 became Q5_0; Q4_K has blocks that do not divide them',
    '  gguf/q4_k_m: 1 tensor with rows of 576 became Q8_0; Q6_K has blocks that do not divide them',
  ]);
  expect(describeFallbacks({})).toEqual([]);
});
