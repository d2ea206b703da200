import { openGguf, openSafetensors } from '@tunesmith/checkpoints';
import { loadForInference, tokenLogProbs } from '@tunesmith/generation';
import { familyFor, importModel } from '@tunesmith/models';
import { setThreads } from '@tunesmith/tensor';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGgufRuntime } from '../runtimes/llama-cpp-runtime.js';
import { logProbabilities } from '../runtimes/model-runtime.js';
import { drawModel } from '../testing/draw-model.js';
import { largestDifference, quietContext, temporaryFolder } from '../testing/tiny-models.js';
import { exportGguf } from './gguf.js';
import { ggufFileType } from './gguf/file-types.js';
import { openSourceModel } from './source-model.js';

/** One configuration for each family whose files llama.cpp is to read as we do, and what its GGUF has that others have not. */
const common = { vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5 };
const gptNeoX = { architectures: ['GPTNeoXForCausalLM'], vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 2, max_position_embeddings: 128 };
const phi3 = { ...common, architectures: ['Phi3ForCausalLM'], rope_theta: 10_000 };
const longrope = { type: 'longrope', short_factor: [1, 1.1, 1.2, 1.5, 2, 2.5, 3, 4], long_factor: [1, 2, 3, 4, 5, 6, 7, 8] };
const gpt2 = { architectures: ['GPT2LMHeadModel'], vocab_size: 320, n_positions: 64, n_embd: 64, n_layer: 2, n_head: 4, n_inner: 96 };
const families: readonly (readonly [name: string, config: Record<string, unknown>])[] = [
  ['qwen2', { ...common, architectures: ['Qwen2ForCausalLM'], rope_theta: 1_000_000, tie_word_embeddings: true }],
  ['qwen2 with YaRN', { ...common, architectures: ['Qwen2ForCausalLM'], rope_theta: 10_000, rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 32 } }],
  ['qwen3', { ...common, architectures: ['Qwen3ForCausalLM'], rope_theta: 1_000_000, head_dim: 32, tie_word_embeddings: true }],
  ['gemma2', { ...common, architectures: ['Gemma2ForCausalLM'], head_dim: 16, query_pre_attn_scalar: 16, sliding_window: 8, attn_logit_softcapping: 2, final_logit_softcapping: 5 }],
  // llama.cpp has the tanh form of GELU alone, which is nearly the published one.
  ['gpt_neox', gptNeoX],
  ['gpt_neox, one after the other', { ...gptNeoX, use_parallel_residual: false, rotary_pct: 0.5, rotary_emb_base: 500, rope_scaling: { type: 'linear', factor: 2 } }],
  ['phi3', { ...phi3, sliding_window: 100 }],
  // llama.cpp rounds the size of a context up to 256 tokens, and takes the factors for all of it by that.
  ['phi3 in its original context', { ...phi3, max_position_embeddings: 1024, original_max_position_embeddings: 512, rope_scaling: longrope, tie_word_embeddings: true }],
  ['phi3 beyond its original context, of a part of each head', { ...phi3, original_max_position_embeddings: 16, partial_rotary_factor: 0.5, rope_scaling: { type: 'longrope', short_factor: [1, 1, 1, 2], long_factor: [1.5, 2, 4, 9] } }],
  ['gpt2', gpt2],
  ['gpt2 with its own head', { ...gpt2, n_inner: null, tie_word_embeddings: false }],
  ['mixtral', { ...common, architectures: ['MixtralForCausalLM'], rope_theta: 1_000_000, num_local_experts: 4, num_experts_per_tok: 2 }],
];

const rows = [1, 23, 40].map((length) => Array.from({ length }, (_, place) => 6 + ((place * 97 + length * 31) % 310)));

beforeAll(() => setThreads(1));

describe.each(families)('the GGUF file of %s', (_, config) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'model.gguf');
    await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), config));
    await exportGguf(model, ggufFileType('f32'), path, quietContext());
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  test('says to llama.cpp what the model says to us', async () => {
    using ours = await loadForInference(join(folder.path, 'model'), { dtype: 'float32' });
    const expected = await tokenLogProbs(ours.model, rows.map((tokenIds) => ({ tokenIds })), quietContext());
    await using runtime = await openGgufRuntime(path, { contextSize: 64, threads: 1, signal: quietContext().signal });
    for (const [index, tokenIds] of rows.entries()) {
      const theirs = await logProbabilities(runtime, tokenIds, tokenIds.map(() => true), quietContext().signal);
      // llama.cpp keeps keys and values in float16; a wrong name or rotation is off by a hundred times as much.
      expect(largestDifference(theirs, expected[index]!.slice(1) as number[])).toBeLessThan(1e-2);
    }
  });

  test('is imported as the same model, bit for bit', async () => {
    const imported = join(folder.path, 'imported');
    await importModel(path, imported, quietContext());
    await using before = await openSafetensors(join(folder.path, 'model'));
    await using after = await openSafetensors(imported);
    expect([...after.names()].sort()).toEqual([...before.names()].sort());
    for (const name of before.names()) {
      expect(after.info(name)).toEqual(before.info(name));
      expect([name, Buffer.compare(await after.read(name), await before.read(name))]).toEqual([name, 0]);
    }
    const family = familyFor(config);
    const written = JSON.parse(await readFile(join(imported, 'config.json'), 'utf8')) as Record<string, unknown>;
    // Which token pads the file has from the tokenizer; the drawn configuration says nothing of it.
    expect(family.parseConfig(written)).toEqual(family.parseConfig({ ...config, pad_token_id: written['pad_token_id'] }));
  });

  test('as q8_0 loads too; vectors, positions and routers stay float32', async () => {
    await using model = await openSourceModel(join(folder.path, 'model'));
    const quantized = join(folder.path, 'q8_0.gguf');
    await exportGguf(model, ggufFileType('q8_0'), quantized, quietContext());
    await using source = await openGguf(quantized);
    for (const name of source.names()) {
      const exact = source.info(name).shape.length === 1 || /ffn_gate_inp|position_embd/.test(name);
      expect([name, source.info(name).dtype]).toEqual([name, exact ? 'F32' : 'Q8_0']);
    }
    await using runtime = await openGgufRuntime(quantized, { contextSize: 64, threads: 1, signal: quietContext().signal });
    await logProbabilities(runtime, rows[1]!, rows[1]!.map(() => true), quietContext().signal);
  });
});

test('a family that llama.cpp does not have is refused before anything is written', async () => {
  await using folder = await temporaryFolder();
  const config = { architectures: ['GPTNeoForCausalLM'], vocab_size: 320, max_position_embeddings: 64, hidden_size: 64, num_layers: 1, num_heads: 4, attention_types: [[['local'], 1]] };
  await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), config));
  const path = join(folder.path, 'model.gguf');
  await expect(exportGguf(model, ggufFileType('f32'), path, quietContext())).rejects.toMatchObject({ code: 'family-without-architecture', message: expect.stringMatching(/no architecture for the family gpt_neo/) });
  expect(existsSync(path)).toBe(false);
});
