import { chooseSchemes, type MixedModel } from './choose-schemes.js';
import { ggufFileType } from './file-types.js';

// The rules as a whole are held against llama.cpp (tests/parity/gguf-quantize.peers.spec.ts); here those of models that are too large for that.

function layersOf(layers: number, columns = 256) {
  const matrices = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];
  const tensors = Array.from({ length: layers }, (_, layer) => matrices.map((name) => ({ name: `blk.${layer}.${name}.weight`, shape: [256, columns] }))).flat();
  return [{ name: 'token_embd.weight', shape: [320, columns] }, { name: 'output.weight', shape: [320, columns] }, ...tensors];
}

const model: MixedModel = { architecture: 'llama', layers: 80, heads: 8, keyValueHeads: 8, experts: 0, importance: false };

function typeOf(name: string, fileType: string, changes: Partial<MixedModel>, columns?: number): string {
  const { layers } = { ...model, ...changes };
  return chooseSchemes(ggufFileType(fileType), layersOf(layers, columns), { ...model, ...changes }).schemes.get(name)!.gguf.type;
}

test('what llama.cpp calls 70B has finer value matrices: 80 layers whose heads share keys, or any 80 of Qwen2', () => {
  // Layer 11 is none of those that are finer anyway.
  const value = 'blk.11.attn_v.weight';
  expect(typeOf(value, 'q4_k_m', {})).toBe('Q4_K');
  expect(typeOf(value, 'q4_k_m', { keyValueHeads: 1 })).toBe('Q5_K');
  expect(typeOf(value, 'q4_k_m', { architecture: 'qwen2' })).toBe('Q5_K');
  expect(typeOf(value, 'q4_k_m', { layers: 81, keyValueHeads: 1 })).toBe('Q4_K');
  expect(typeOf('blk.11.attn_q.weight', 'q4_k_m', { keyValueHeads: 1 })).toBe('Q4_K');
});

test('eight experts have values and keys in eight bits and finer outputs', () => {
  const names = ['attn_v', 'attn_k', 'attn_output', 'attn_q'].map((name) => `blk.3.${name}.weight`);
  expect(names.map((name) => typeOf(name, 'q4_k_s', { layers: 32, experts: 8 }))).toEqual(['Q8_0', 'Q8_0', 'Q5_K', 'Q4_K']);
});

test.each([
  [256, 'q2_k', 'Q2_K', 'Q6_K'],
  [96, 'q2_k', 'Q4_0', 'Q8_0'],
  [96, 'q3_k_s', 'Q4_0', 'Q8_0'],
  [96, 'q4_k_m', 'Q5_0', 'Q8_0'],
  [96, 'q5_k_m', 'Q5_1', 'Q8_0'],
  [96, 'q6_k', 'Q8_0', 'Q8_0'],
  [96, 'iq4_nl', 'IQ4_NL', 'Q8_0'],
  [80, 'q4_k_m', 'F16', 'F16'],
  [80, 'q8_0', 'F16', 'F16'],
  [80, 'bf16', 'BF16', 'BF16'],
])('with %d columns a file of %s has %s, and %s for its head', (columns, fileType, type, head) => {
  expect([typeOf('blk.2.attn_q.weight', fileType, { layers: 4 }, columns), typeOf('output.weight', fileType, { layers: 4 }, columns)]).toEqual([type, head]);
});

test('vectors, norms, positions, routers and relative positions stay float32', () => {
  const names = ['blk.0.attn_q.bias', 'blk.0.attn_norm.weight', 'position_embd.weight', 'blk.0.ffn_gate_inp.weight', 'enc.blk.0.attn_rel_b.weight'];
  const { schemes } = chooseSchemes(ggufFileType('q4_0'), [...names.map((name) => ({ name, shape: [32, 32] })), { name: 'blk.0.one_row.weight', shape: [1, 32] }], model);
  expect([...schemes.values()].map(({ gguf }) => gguf.type)).toEqual(Array.from({ length: 6 }, () => 'F32'));
});
