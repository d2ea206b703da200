import { openGguf, readAdapter } from '@tunesmith/checkpoints';
import { join } from 'node:path';
import type { EncodedRow } from '@tunesmith/datasets';
import { openGgufRuntime } from '../runtimes/llama-cpp-runtime.js';
import { logProbabilities } from '../runtimes/model-runtime.js';
import { f16 } from '../schemes/f16.js';
import { f32 } from '../schemes/f32.js';
import { sourceScores } from '../source-scores.js';
import { drawModel } from '../testing/draw-model.js';
import { makeAdapter } from '../testing/make-adapter.js';
import { largestDifference, quietContext, temporaryFolder } from '../testing/tiny-models.js';
import { exportGgufAdapter } from './gguf-adapter.js';
import { exportGguf } from './gguf.js';
import { ggufFileType } from './gguf/file-types.js';
import { openSourceModel } from './source-model.js';

const common = { vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5 };
const tokenIds = Array.from({ length: 30 }, (_, place) => 6 + ((place * 97) % 310));
const row: EncodedRow = { tokenIds, lossMask: tokenIds.map(() => true), index: 0 };

const everything = Object.fromEntries(
  [0, 1].flatMap((layer) => ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj', 'mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'].map((name) => [`model.layers.${layer}.${name}`, 2])),
);
const experts = Object.fromEntries([0, 1].flatMap((expert) => ['w1', 'w2', 'w3'].map((name) => [`model.layers.0.block_sparse_moe.experts.${expert}.${name}`, 2])));

describe.each([
  ['llama, whose queries and keys change places', { ...common, architectures: ['LlamaForCausalLM'], tie_word_embeddings: false }, { ...everything, lm_head: 2 }, {}],
  ['qwen2 with an embedding', { ...common, architectures: ['Qwen2ForCausalLM'], tie_word_embeddings: false }, { ...everything, 'model.embed_tokens': 2 }, {}],
  ['llama with ranks, alphas and rsLoRA of its own', { ...common, architectures: ['LlamaForCausalLM'] }, { ...everything, 'model.layers.1.self_attn.q_proj': 4 }, { useRslora: true, rankPattern: { 'layers.1.self_attn.q_proj': 4 }, alphaPattern: { down_proj: 9 } }],
  ['gpt_neox, whose rows are sorted by role', { architectures: ['GPTNeoXForCausalLM'], vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 128 }, { 'gpt_neox.layers.0.attention.query_key_value': 2 }, {}],
  ['gpt2, whose weights lie transposed', { architectures: ['GPT2LMHeadModel'], vocab_size: 320, n_positions: 64, n_embd: 64, n_layer: 2, n_head: 4, n_inner: 96 }, { 'transformer.h.1.attn.c_attn': 2, 'transformer.h.0.mlp.c_proj': 2 }, { fanInFanOut: true }],
  ['mixtral with all experts', { ...common, architectures: ['MixtralForCausalLM'], num_hidden_layers: 1, num_local_experts: 2, num_experts_per_tok: 1 }, experts, {}],
] as const)('an adapter of %s', (_, config, modules, changes) => {
  test('changes in llama.cpp what it changes here', async () => {
    await using folder = await temporaryFolder();
    const place = (name: string) => join(folder.path, name);
    await using model = await openSourceModel(await drawModel(place('model'), config));
    await using adapter = await readAdapter(await makeAdapter(place('adapter'), model, modules, changes));
    await exportGguf(model, ggufFileType('f32'), place('model.gguf'), quietContext());
    await exportGgufAdapter(model, adapter, f32, place('adapter.gguf'), quietContext());
    const [expected] = await sourceScores(place('model'), adapter, [row], quietContext());
    const [without] = await sourceScores(place('model'), undefined, [row], quietContext());
    await using runtime = await openGgufRuntime(place('model.gguf'), { contextSize: 64, threads: 1, adapter: place('adapter.gguf'), signal: quietContext().signal });
    const theirs = await logProbabilities(runtime, tokenIds, row.lossMask, quietContext().signal);
    const ours = expected!.map(({ logProbability }) => logProbability);
    expect(largestDifference(theirs, ours)).toBeLessThan(1e-2);
    // Or it would show nothing.
    expect(largestDifference(theirs, without!.map(({ logProbability }) => logProbability))).toBeGreaterThan(0.1);
  });
});

describe('the file of an adapter', () => {
  const config = { ...common, architectures: ['LlamaForCausalLM'] };

  test('says what it is, and has a pair for each tensor in the type that was asked for', async () => {
    await using folder = await temporaryFolder();
    await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), config));
    await using adapter = await readAdapter(await makeAdapter(join(folder.path, 'adapter'), model, { 'model.layers.1.mlp.down_proj': 2 }));
    await exportGgufAdapter(model, adapter, f16, join(folder.path, 'adapter.gguf'), quietContext());
    await using source = await openGguf(join(folder.path, 'adapter.gguf'));
    expect(['general.type', 'general.architecture', 'adapter.type'].map((key) => source.metadata.string(key))).toEqual(['adapter', 'llama', 'lora']);
    expect(source.metadata.number('adapter.lora.alpha')).toBe(4);
    expect([...source.names()].map((name) => [name, source.info(name).dtype, source.info(name).shape])).toEqual([
      ['blk.1.ffn_down.weight.lora_a', 'F16', [2, 96]],
      ['blk.1.ffn_down.weight.lora_b', 'F16', [64, 2]],
    ]);
  });

  test.each([
    ['a DoRA', { 'model.layers.0.mlp.up_proj': 2 }, { useDora: true }, config, /DoRA/],
    ['a head that the model has not', { lm_head: 2 }, {}, { ...config, tie_word_embeddings: true }, /no weight lm_head\.weight/],
    ['an embedding that is the head too', { 'model.embed_tokens': 2 }, {}, { ...config, tie_word_embeddings: true }, /model\.embed_tokens, which is the head/],
    ['some of the experts', { 'model.layers.0.block_sparse_moe.experts.1.w1': 2 }, {}, { ...config, architectures: ['MixtralForCausalLM'], num_local_experts: 2, num_experts_per_tok: 1 }, /of the 2 experts .* only 1/],
  ] as const)('is refused for %s', async (_, modules, changes, modelConfig, message) => {
    await using folder = await temporaryFolder();
    await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), modelConfig));
    await using adapter = await readAdapter(await makeAdapter(join(folder.path, 'adapter'), model, modules, changes));
    await expect(exportGgufAdapter(model, adapter, f32, join(folder.path, 'adapter.gguf'), quietContext())).rejects.toMatchObject({ code: 'adapter-not-representable', message: expect.stringMatching(message) });
  });
});
