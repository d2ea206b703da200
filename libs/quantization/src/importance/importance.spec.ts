import { openGguf, writeGguf } from '@tunesmith/checkpoints';
import { loadForInference } from '@tunesmith/generation';
import { packTokens } from '@tunesmith/nn';
import { noGrad, ops, scope } from '@tunesmith/tensor';
import { join } from 'node:path';
import { exportGguf } from '../exporters/gguf.js';
import { ggufFileType } from '../exporters/gguf/file-types.js';
import { openSourceModel } from '../exporters/source-model.js';
import { drawModel } from '../testing/draw-model.js';
import { quietContext, readTinyModel, temporaryFolder } from '../testing/tiny-models.js';
import { collectImportance } from './collect-importance.js';
import { readImportanceFile, writeImportanceFile } from './importance-file.js';
import { meanSquares, type ImportanceMatrix } from './importance-matrix.js';

const tiny = readTinyModel('llama');
const rows = tiny.rows.map(({ tokenIds }, index) => ({ tokenIds, lossMask: tokenIds.map(() => true), index }));
const tokens = rows.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);

test('what goes into the first projections is the normed embedding, summed up over all tokens of all rows', async () => {
  const matrix = await collectImportance(tiny.folder, rows, quietContext());
  using loaded = await loadForInference(tiny.folder, { dtype: 'model' });
  const expected = new Float64Array(64);
  for (const { tokenIds } of rows) {
    scope(() => noGrad(() => {
      const parameters = loaded.model.parameters();
      const embedded = ops.indexSelect(parameters.get('model.embed_tokens.weight')!, 0, packTokens([tokenIds]).tokenIds);
      const normed = ops.toDtype(ops.fusedRmsNorm(embedded, parameters.get('model.layers.0.input_layernorm.weight')!, 1e-5, 0), 'float32').toArray();
      normed.forEach((value, place) => void (expected[place % 64]! += value * value));
    }));
  }
  for (const name of ['attn_q', 'attn_k', 'attn_v']) {
    const { sums, counts } = matrix.get(`blk.0.${name}.weight`)!;
    expect([...counts]).toEqual([tokens]);
    sums.forEach((sum, column) => expect(sum / expected[column]!).toBeCloseTo(1, 4));
  }
  // Every linear of both layers, and neither head nor embedding.
  expect(matrix.size).toBe(2 * 7);
});

test('each expert of a stacked tensor has its own sums and counts', async () => {
  await using folder = await temporaryFolder();
  const config = { architectures: ['MixtralForCausalLM'], vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 1, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5, num_local_experts: 4, num_experts_per_tok: 2 };
  const matrix = await collectImportance(await drawModel(folder.path, config), rows, quietContext());
  const { sums, counts } = matrix.get('blk.0.ffn_down_exps.weight')!;
  expect(sums).toHaveLength(4 * 96);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2 * tokens);
  expect(matrix.has('blk.0.ffn_gate_inp.weight')).toBe(false);
});

describe('the file of an importance matrix', () => {
  const matrix: ImportanceMatrix = new Map([
    ['blk.0.ffn_up.weight', { sums: new Float32Array([1, 4, 9]), counts: new Float32Array([2]) }],
    ['blk.0.ffn_down_exps.weight', { sums: new Float32Array([6, 8, 0, 0]), counts: new Float32Array([4, 0]) }],
  ]);

  test('comes back as it was, in the form of llama-imatrix', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'imatrix.gguf');
    await writeImportanceFile(path, matrix, { dataset: 'words', rows: 3, longestRow: 40 });
    expect(new Map(await readImportanceFile(path))).toEqual(matrix);
    await using source = await openGguf(path);
    expect(source.metadata.string('general.type')).toBe('imatrix');
    expect(source.metadata.strings('imatrix.datasets')).toEqual(['words']);
    expect([...source.names()].map((name) => [name, source.info(name).shape])).toEqual([
      ['blk.0.ffn_down_exps.weight.in_sum2', [2, 2]],
      ['blk.0.ffn_down_exps.weight.counts', [2, 1]],
      ['blk.0.ffn_up.weight.in_sum2', [1, 3]],
      ['blk.0.ffn_up.weight.counts', [1, 1]],
    ]);
  });

  test('gives means, and ones where nothing was seen', () => {
    expect([...meanSquares(matrix.get('blk.0.ffn_up.weight')!)]).toEqual([0.5, 2, 4.5]);
    expect([...meanSquares(matrix.get('blk.0.ffn_down_exps.weight')!)]).toEqual([1.5, 2, 1, 1]);
  });

  test.each([
    ['sums without counts', [['a.in_sum2', 'F32', [1, 2], 8]], /no counts/],
    ['counts without sums', [['a.counts', 'F32', [1, 1], 4]], /no sums/],
    ['numbers of another type', [['a.in_sum2', 'F16', [1, 2], 4], ['a.counts', 'F32', [1, 1], 4]], /F16, not F32/],
    ['sums that are no whole rows', [['a.in_sum2', 'F32', [1, 3], 12], ['a.counts', 'F32', [2, 1], 8]], /3 sums for 2 matrices/],
    ['negative sums', [['a.in_sum2', 'F32', [1, 1], -4], ['a.counts', 'F32', [1, 1], 4]], /negative/],
    ['nothing', [], /no sums/],
  ] as const)('is refused with %s', async (_, tensors, message) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'imatrix.gguf');
    const bytes = tensors.map(([, , , size]) => new Uint8Array(size > 0 ? new ArrayBuffer(size) : new Float32Array([-1]).buffer));
    await writeGguf(path, { metadata: {}, tensors: tensors.map(([name, type, shape]) => ({ name, type, shape })) }, bytes);
    await expect(readImportanceFile(path)).rejects.toMatchObject({ code: 'importance-file-broken', message: expect.stringMatching(message) });
  });
});

test('a matrix of another model is refused, one that lacks tensors is not', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(tiny.folder);
  const write = (matrix: ImportanceMatrix) => exportGguf(model, ggufFileType('q4_0'), join(folder.path, 'model.gguf'), quietContext(), { importance: matrix });
  await expect(write(new Map([['blk.1.attn_q.weight', { sums: new Float32Array(32), counts: new Float32Array([1]) }]]))).rejects.toMatchObject({ code: 'importance-wrong-size', message: expect.stringMatching(/32 numbers for blk\.1\.attn_q\.weight.*64 columns/) });
  await write(new Map([['blk.1.attn_q.weight', { sums: new Float32Array(64).fill(1), counts: new Float32Array([1]) }]]));
});

test('errors of columns that matter become smaller', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(tiny.folder);
  const sums = new Float32Array(64).fill(1e-4);
  sums.fill(100, 0, 8);
  const name = 'blk.0.attn_output.weight';
  const errors: number[] = [];
  const exact = await model.weights.values('model.layers.0.self_attn.o_proj.weight', [64, 64]);
  for (const importance of [undefined, new Map([[name, { sums, counts: new Float32Array([1]) }]])]) {
    await exportGguf(model, ggufFileType('q4_0'), join(folder.path, 'model.gguf'), quietContext(), { importance });
    await using source = await openGguf(join(folder.path, 'model.gguf'));
    const { q4_0 } = await import('../schemes/q4_0.js');
    const decoded = q4_0.decode([await source.read(name)], 64 * 64);
    errors.push(decoded.reduce((sum, value, place) => sum + (place % 64 < 8 ? (value - exact[place]!) ** 2 : 0), 0));
  }
  expect(errors[1]! / errors[0]!).toBeLessThan(0.9);
});
