import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adapterScaling, loraAdapterConfig, parseAdapterConfig } from './adapter-config.js';
import { adapterTensorName, readAdapter, writeAdapter } from './adapter-folder.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const module = 'model.layers.0.self_attn.q_proj';
const plain = loraAdapterConfig({ rank: 2, alpha: 4, targetModules: ['q_proj'], baseModel: 'base' });
const f32 = (name: string, shape: number[]) => ({ name, dtype: 'F32', shape, bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)) });
const pair = [f32(adapterTensorName(module, 'a'), [2, 5]), f32(adapterTensorName(module, 'b'), [3, 2])];

describe('adapter folders', () => {
  it('are read as they were written', async () => {
    await using folder = await temporaryFolder();
    const extra = [f32('base_model.model.lm_head.weight', [4, 5]), f32('base_model.model.model.embed_tokens.lora_embedding_A', [2, 4]), f32('base_model.model.model.embed_tokens.lora_embedding_B', [5, 2])];
    await writeAdapter(folder.path, { config: plain, tensors: [...pair, ...extra] });
    await using adapter = await readAdapter(folder.path);
    expect(adapter.config).toMatchObject({ rank: 2, alpha: 4, dropout: 0, targetModules: ['q_proj'], baseModel: 'base', useDora: false });
    expect([...adapter.modules]).toEqual([
      [module, { a: 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight', b: 'base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight' }],
      ['model.embed_tokens', { embeddingA: extra[1]!.name, embeddingB: extra[2]!.name }],
    ].sort());
    expect([...adapter.replacements]).toEqual([['lm_head.weight', 'base_model.model.lm_head.weight']]);
  });

  it('leave out the frozen weight that PEFT stores beside the pair of a head, and no other', async () => {
    await using folder = await temporaryFolder();
    const head = [f32(adapterTensorName('lm_head', 'a'), [2, 5]), f32(adapterTensorName('lm_head', 'b'), [7, 2]), f32('base_model.model.lm_head.base_layer.weight', [7, 5])];
    await writeAdapter(folder.path, { config: plain, tensors: [...head, f32('base_model.model.model.embed_tokens.base_layer.weight', [7, 5])] });
    await using adapter = await readAdapter(folder.path);
    expect([...adapter.modules.keys()]).toEqual(['lm_head']);
    expect([...adapter.replacements.keys()]).toEqual(['model.embed_tokens.base_layer.weight']);
  });

  it.each<[string, { name: string; dtype: string; shape: number[]; bytes: Uint8Array }[], string]>([
    ['half a pair', [pair[0]!], 'adapter-incomplete'],
    ['two ranks', [pair[0]!, f32(adapterTensorName(module, 'b'), [3, 4])], 'adapter-rank-mismatch'],
    ['a name without the prefix', [f32(`${module}.lora_A.weight`, [2, 5])], 'adapter-bad-name'],
    ['an unknown LoRA tensor', [...pair, f32(`base_model.model.${module}.lora_C.weight`, [2, 5])], 'adapter-bad-name'],
    ['no tensors', [], 'adapter-empty'],
  ])('with %s are refused', async (_, tensors, code) => {
    await using folder = await temporaryFolder();
    await expect(writeAdapter(folder.path, { config: plain, tensors })).rejects.toMatchObject({ name: 'AdapterError', code });
  });

  it.each<[string, Record<string, string>, string]>([
    ['without a config', {}, 'adapter-no-config'],
    ['without weights', { 'adapter_config.json': '{}' }, 'adapter-no-weights'],
    ['with a pickle', { 'adapter_config.json': '{}', 'adapter_model.bin': '' }, 'adapter-pickle'],
  ])('%s are refused', async (_, files, code) => {
    await using folder = await temporaryFolder();
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
    await expect(readAdapter(folder.path)).rejects.toMatchObject({ code });
  });
});

describe('adapter configurations', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['another kind', { peft_type: 'IA3' }, 'adapter-unsupported-kind'],
    ['a variant', { layer_replication: [[0, 4]] }, 'adapter-unsupported-variant'],
    ['QA-LoRA', { use_qalora: true }, 'adapter-unsupported-variant'],
    ['a changed base', { init_lora_weights: 'pissa_niter_16' }, 'adapter-changes-base'],
    ['a rank of zero', { r: 0 }, 'adapter-bad-config'],
    ['half a rank', { r: 1.5 }, 'adapter-bad-config'],
    ['alpha as text', { lora_alpha: '16' }, 'adapter-bad-config'],
    ['a wrong bias', { bias: 'some' }, 'adapter-bad-config'],
    ['a wrong flag', { use_dora: 1 }, 'adapter-bad-config'],
    ['a wrong pattern', { rank_pattern: { a: 'x' } }, 'adapter-bad-config'],
    ['dropout of one', { lora_dropout: 1 }, 'adapter-bad-config'],
  ])('with %s are refused', (_, change, code) => {
    expect(() => parseAdapterConfig({ ...plain, ...change }, 'adapter_config.json')).toThrow(expect.objectContaining({ code }));
  });

  it('ignore keys that do not change the numbers', () => {
    expect(parseAdapterConfig({ ...plain, layer_replication: null, use_qalora: false, qalora_group_size: 16, new_key: 1 }, 'x').rank).toBe(2);
  });

  it('scale by alpha over rank, patterns first', () => {
    const config = parseAdapterConfig({ ...plain, rank_pattern: { q_proj: 8, 'layers\\.[12]\\.mlp\\.up_proj': 16 }, alpha_pattern: { q_proj: 2 } }, 'x');
    expect(adapterScaling(config, 'model.layers.0.self_attn.k_proj')).toEqual({ rank: 2, alpha: 4, scale: 2 });
    expect(adapterScaling(config, module)).toEqual({ rank: 8, alpha: 2, scale: 0.25 });
    expect(adapterScaling(config, 'model.layers.2.mlp.up_proj').rank).toBe(16);
    expect(adapterScaling(config, 'model.layers.3.mlp.up_proj').rank).toBe(2);
    expect(adapterScaling({ ...config, useRslora: true }, 'x').scale).toBeCloseTo(4 / Math.SQRT2);
    expect(() => adapterScaling({ ...config, rankPattern: { '(': 1 } }, 'x')).toThrow(expect.objectContaining({ code: 'adapter-bad-config' }));
  });
});
