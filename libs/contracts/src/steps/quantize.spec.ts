import { issueMessage } from '../issue-message.js';
import { QuantizeSpec } from './quantize.js';

const artifact = (kind: string) => ({ digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: `application/vnd.tunesmith.${kind}.v1+folder` });
const refused = (settings: object) => QuantizeSpec.safeParse({ model: artifact('model'), ...settings }).error?.issues.map(({ path, message }) => [path.join('.'), message]);

test('compensating takes rows to calibrate on, and a GGUF target with blocks', () => {
  const calibration = artifact('dataset');
  expect(refused({ to: ['gguf/q4_k_m', 'onnx/int4'], calibration, compensate: true })).toBeUndefined();
  expect(refused({ to: ['gguf/q4_k_m'], calibration, compensate: { damping: 0.2, memory: 4 } })).toBeUndefined();
  expect(refused({ to: ['gguf/f16'], compensate: false })).toBeUndefined();
  expect(refused({ to: ['gguf/q4_k_m'], importance: artifact('gguf'), compensate: true })).toEqual([['compensate', expect.stringContaining('expected calibration beside it')]]);
  expect(refused({ to: ['gguf/q4_k_m', 'hf/gptq-int4'], calibration, importance: artifact('gguf'), compensate: true })).toEqual([['importance', expect.stringContaining('expected none beside compensate')]]);
  expect(refused({ to: ['gguf/f16', 'hf/gptq-int4'], calibration, compensate: true })).toBeUndefined();
  expect(refused({ to: ['gguf/f16', 'hf/awq-int4'], calibration, compensate: true })).toEqual([['compensate', expect.stringContaining('expected a GGUF target with blocks')]]);
  expect(refused({ to: ['gguf/q4_k_m'], calibration, compensate: { damping: 2 } })).toHaveLength(1);
});

const some = artifact('dataset');

test.each([
  [{ to: ['gguf/q4_k_m', 'onnx/int4'], dataset: some, tag: 'law', calibration: some }],
  [{ to: ['gguf/q4_k_m'], importance: some, adapter: some }],
  [{ to: ['gguf/q4_0', 'hf/gptq-int4'], calibration: some, importance: some }],
  [{ to: ['hf/gptq-int4', 'onnx/int4'], calibration: some, hf: { actOrder: 'static', damping: 0.02, memory: 4, groupSize: 64 } }],
  [{ to: ['hf/w8a8', 'hf/rtn-int4'], calibration: some, hf: { alpha: 0.7, format: 'compressed-tensors' } }],
])('%j says something about its targets', (settings) => {
  expect(QuantizeSpec.safeParse({ model: some, ...settings }).error?.issues).toBeUndefined();
});

test.each([
  [{ to: ['gguf/q8_0'], tag: 'law' }, 'tag', 'expected the dataset'],
  [{ to: ['gguf/q4_0'], calibration: some, importance: some }, 'importance', 'got both'],
  [{ to: ['gguf/q4_0', 'hf/gptq-int4'] }, 'calibration', 'expected rows to train on'],
  [{ to: ['onnx/int4', 'hf/hqq-int4'], calibration: some }, 'calibration', 'expected a target that is made by looking at rows'],
  [{ to: ['onnx/int4'], importance: some }, 'importance', 'expected a GGUF file'],
  [{ to: ['gguf/q4_0', 'onnx/int4'], adapter: some }, 'adapter', 'expected GGUF files alone'],
  [{ to: ['gguf/q4_0'], hf: { groupSize: 32 } }, 'hf', 'expected a target hf/…'],
  [{ to: ['hf/rtn-int4'], hf: { actOrder: 'group' } }, 'hf.actOrder', 'such an option, hf/ with gptq; got none'],
  [{ to: ['hf/rtn-int4', 'hf/gptq-int4'], calibration: some, hf: { alpha: 0.5 } }, 'hf.alpha', 'hf/ with w8a8'],
  [{ to: ['hf/hqq-int4'], hf: { memory: 2 } }, 'hf.memory', 'hf/ with gptq or awq or w8a8'],
])('%j would be passed over: %s', (settings, path, message) => {
  const all = { model: some, ...settings };
  const issues = QuantizeSpec.safeParse(all).error?.issues ?? [];
  expect(issues.map((issue) => [issue.path.join('.'), issueMessage(issue, all)])).toEqual([[path, expect.stringContaining(message)]]);
});
