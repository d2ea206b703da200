import { describeCompensated } from './describe-compensated.js';

test('says of each file how many tensors were compensated, and which were rounded plainly', () => {
  const content = (tensors: number, others: string[]) => ({ types: {}, fallbacks: [], compensated: { tensors, others } });
  expect(describeCompensated({ formats: [{ target: 'gguf/q4_k_m', content: content(210, ['token_embd.weight']) }, { target: 'gguf/q8_0', content: content(1, []) }, { target: 'gguf/f16', content: { types: {}, fallbacks: [] } }, { target: 'onnx/int4' }] })).toEqual([
    '  gguf/q4_k_m: 210 tensors compensated, rounded plainly: token_embd.weight',
    '  gguf/q8_0: 1 tensor compensated',
  ]);
  expect(describeCompensated({ formats: [{ target: 'gguf/q4_0', content: content(9, ['a', 'b', 'c', 'd', 'e', 'f']) }] })).toEqual(['  gguf/q4_0: 9 tensors compensated, rounded plainly: a, b, c, d and 2 more']);
  expect(describeCompensated({})).toEqual([]);
});
