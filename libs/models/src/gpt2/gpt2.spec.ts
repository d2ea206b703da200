import { openSafetensors, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { packTokens } from '@tunesmith/nn';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../load-model.js';
import { describeFamily } from '../testing/family-compliance.js';
import { readFixture } from '../testing/family-fixture.js';
import { gpt2 } from './index.js';

describeFamily(gpt2, ['gpt2-new-gelu', 'gpt2-cerebras-inner', 'gpt2-layer-scaled-untied', 'gpt2-unscaled'], {
  refused: [
    [{ n_embd: 'wide' }, /n_embd/],
    [{ n_head: 11 }, /must be a multiple of n_head \(11\)/],
    [{ activation_function: 'swish' }, /activation_function/],
    [{ add_cross_attention: true }, /without an encoder/],
    [{ num_key_value_heads: 2 }, /unknown key num_key_value_heads/],
  ],
});

test('a checkpoint of the model without its head, with its mask buffers, is the same model', async () => {
  const fixture = await readFixture('gpt2-new-gelu');
  const folder = await mkdtemp(join(tmpdir(), 'tunesmith-gpt2-'));
  await using source = await openSafetensors(fixture.folder);
  const tensors: SafetensorsEntry[] = [
    { name: 'h.0.attn.bias', dtype: 'F32', shape: [1, 1, 26, 26], bytes: new Uint8Array(4 * 26 * 26) },
    { name: 'h.0.attn.masked_bias', dtype: 'F32', shape: [], bytes: new Uint8Array(4) },
  ];
  for (const name of source.names()) tensors.push({ ...source.info(name), dtype: 'F32', name: name.replace(/^transformer\./, ''), bytes: await source.read(name) });
  await writeModelFolder(folder, { config: fixture.configJson, tensors });

  const { model } = await loadModel(folder, { dtype: 'float32' });
  const { model: original } = await loadModel(fixture.folder, { dtype: 'float32' });
  const numbers = (each: typeof model) => [...each.parameters()].map(([name, parameter]) => [name, parameter.toArray()]);
  expect(numbers(model)).toEqual(numbers(original));
  for (const each of [model, original]) each[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

test('a row longer than the learned positions is refused, also in steps', async () => {
  const { folder } = await readFixture('gpt2-new-gelu');
  const { model } = await loadModel(folder, { dtype: 'float32' });
  const row = (length: number) => Array.from({ length }, () => 1);
  using all = packTokens([[2], row(27)]).tokenIds;
  expect(() => model.hidden({ tokenIds: all, positions: all, boundaries: [0, 1, 28] })).toThrow(/Row 1 has 27 tokens; this model has learned positions for 26/);
  using cache = model.newCache();
  model.hidden(packTokens([row(26)]), cache);
  expect(() => model.hidden(cache.nextBatch([[1]]), cache)).toThrow(/Row 0 has 27 tokens/);
  model[Symbol.dispose]();
});

describe('configurations of published models', () => {
  const published = {
    activation_function: 'gelu_new', architectures: ['GPT2LMHeadModel'], attn_pdrop: 0.1, bos_token_id: 50256, embd_pdrop: 0.1, eos_token_id: 50256, initializer_range: 0.02,
    layer_norm_epsilon: 1e-5, model_type: 'gpt2', n_ctx: 1024, n_embd: 768, n_head: 12, n_layer: 12, n_positions: 1024, resid_pdrop: 0.1, summary_activation: null,
    summary_first_dropout: 0.1, summary_proj_to_labels: true, summary_type: 'cls_index', summary_use_proj: true, task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } }, vocab_size: 50257,
  };

  test('GPT-2', () => {
    expect(gpt2.parseConfig(published)).toMatchObject({ n_inner: 3072, activation_function: 'gelu_new', tie_word_embeddings: true });
  });

  test('GPT-2 XL and DistilGPT2, which carry labels of a classifier and ways to generate too', () => {
    const further = { output_past: true, id2label: { 0: 'LABEL_0' }, label2id: { LABEL_0: 0 }, _num_labels: 1, gradient_checkpointing: false, do_sample: true, max_length: 50 };
    expect(gpt2.parseConfig({ ...published, ...further })).toEqual(gpt2.parseConfig(published));
  });

  test('GPT-2 medium and large, which still say how many tokens a task had added', () => {
    expect(gpt2.parseConfig({ ...published, n_special: 0, predict_special_tokens: true })).toEqual(gpt2.parseConfig(published));
  });

  test('Cerebras-GPT 111M', () => {
    const config = gpt2.parseConfig({
      activation_function: 'gelu', architectures: ['GPT2LMHeadModel'], attn_pdrop: 0, bos_token_id: 50256, embd_pdrop: 0, eos_token_id: 50256, initializer_range: 0.02, layer_norm_epsilon: 1e-5,
      model_type: 'gpt2', n_embd: 768, n_head: 12, n_inner: 3072, n_layer: 10, n_positions: 2048, reorder_and_upcast_attn: false, resid_pdrop: 0, scale_attn_by_inverse_layer_idx: false,
      scale_attn_weights: true, torch_dtype: 'float32', transformers_version: '4.25.1', use_cache: true, vocab_size: 50257,
    });
    expect(config).toMatchObject({ n_inner: 3072, activation_function: 'gelu', n_positions: 2048 });
  });

  test('what llama.cpp cannot compute is not exported', () => {
    const metadata = (change: object) => () => gpt2.weights.gguf.metadataFromConfig(gpt2.parseConfig({ ...published, ...change }));
    expect(metadata({ scale_attn_by_inverse_layer_idx: true })).toThrow(/scales every layer alike/);
    expect(metadata({ scale_attn_weights: false })).toThrow(/always divides scores/);
  });
});
