import { QuantizeSpec } from './quantize.js';

const artifact = (kind: string) => ({ digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: `application/vnd.tunesmith.${kind}.v1+folder` });
const refused = (settings: object) => QuantizeSpec.safeParse({ model: artifact('model'), ...settings }).error?.issues.map(({ path, message }) => [path.join('.'), message]);

test('compensating takes rows to calibrate on, and a GGUF target with blocks', () => {
  const calibration = artifact('dataset');
  expect(refused({ to: ['gguf/q4_k_m', 'onnx/int4'], calibration, compensate: true })).toBeUndefined();
  expect(refused({ to: ['gguf/q4_k_m'], calibration, compensate: { damping: 0.2, memory: 4 } })).toBeUndefined();
  expect(refused({ to: ['gguf/f16'], compensate: false })).toBeUndefined();
  expect(refused({ to: ['gguf/q4_k_m'], importance: artifact('gguf'), compensate: true })).toEqual([['compensate', expect.stringContaining('expected calibration beside it')]]);
  expect(refused({ to: ['gguf/f16', 'hf/gptq-int4'], calibration, compensate: true })).toEqual([['compensate', expect.stringContaining('expected a GGUF target with blocks')]]);
  expect(refused({ to: ['gguf/q4_k_m'], calibration, compensate: { damping: 2 } })).toHaveLength(1);
});
