import { openSafetensors, writeSafetensors, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { packTokens } from '@tunesmith/nn';
import { noGrad, scope } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel } from '../load-model.js';
import { describeFamily } from '../testing/family-compliance.js';
import { fixtureFolder, readFixture } from '../testing/family-fixture.js';
import { t5 } from './index.js';

describeFamily(t5, ['t5-relu-tied', 't5-gated-untied', 't5-gated-tied-buckets', 't5-gated-silu', 'mt5-published'], {
  refused: [
    [{ d_model: 'wide' }, /d_model/],
    [{ feed_forward_proj: 'gated-tanh' }, /feed_forward_proj/],
    [{ is_encoder_decoder: false }, /encoder and decoder belong together/],
    [{ relative_attention_num_buckets: 3 }, /relative_attention_num_buckets/],
    [{ relative_attention_max_distance: 2 }, /must be larger than half/],
    [{ dense_act_fn: 'tanh' }, /dense_act_fn is tanh/],
  ],
});

describe('sources', () => {
  test('one for each row, with the first batch of a cache and no later one', async () => {
    const { model } = await loadModel(fixtureFolder('t5-relu-tied'), { dtype: 'float32' });
    const [rows, sources] = [[[0], [0]], [[5], [6, 7]]];
    using cache = model.newCache();
    const run = (...[batch, options]: Parameters<typeof packTokens>) => scope(() => noGrad(() => model.hidden(packTokens(batch, options), cache).shape[0]));
    expect(() => run(rows)).toThrow(expect.objectContaining({ code: 'source-missing' }));
    expect(() => scope(() => model.hidden({ ...packTokens(rows), source: packTokens([[5]]) }))).toThrow(/one source for each of 2 rows, got 1/);
    expect(run(rows, { sources })).toBe(2);
    expect(() => run(rows, { sources })).toThrow(expect.objectContaining({ code: 'source-superfluous' }));
    expect(run([[4], [4]], { starts: [1, 1] })).toBe(2);
    using other = model.newCache();
    expect(() => cache.join(other)).toThrow(expect.objectContaining({ code: 'cache-rows' }));
    model[Symbol.dispose]();
  });
});

describe('checkpoints', () => {
  test('duplicates of the embedding and of a tied head are passed over, as transformers does', async () => {
    await using folder = await temporaryFolder();
    const original = fixtureFolder('t5-relu-tied');
    await cp(join(original, 'config.json'), join(folder.path, 'config.json'));
    {
      await using source = await openSafetensors(original);
      const entries: SafetensorsEntry[] = [];
      for (const name of source.names()) entries.push({ name, dtype: 'F32', shape: source.info(name).shape, bytes: (await source.read(name)).slice() });
      const other = { dtype: 'F32', shape: [2], bytes: new Uint8Array(8) };
      const extra = ['encoder.embed_tokens', 'decoder.embed_tokens', 'lm_head', 'decoder.block.0.layer.1.EncDecAttention.relative_attention_bias'];
      await writeSafetensors(join(folder.path, 'model.safetensors'), [...entries, ...extra.map((path) => ({ ...other, name: `${path}.weight` }))]);
    }
    const { model } = await loadModel(folder.path, { dtype: 'float32' });
    expect(model.parameters().has('lm_head.weight')).toBe(false);
    expect(model.outputWeight).toBe(model.parameters().get('shared.weight'));
    model[Symbol.dispose]();
  });

  test('what transformers 5 writes of an untied model is that model', async () => {
    await using folder = await temporaryFolder();
    const original = await readFixture('t5-gated-untied');
    await cp(original.folder, folder.path, { recursive: true });
    const json = { ...original.configJson, tie_word_embeddings: true, scale_decoder_outputs: false, is_gated_act: true, dense_act_fn: 'gelu_new', is_decoder: false, classifier_dropout: 0 };
    await writeFile(join(folder.path, 'config.json'), JSON.stringify(json));
    expect(t5.parseConfig(JSON.parse(await readFile(join(folder.path, 'config.json'), 'utf8')))).toEqual(t5.parseConfig(original.configJson));
  });
});

describe('configurations of published models', () => {
  const small = {
    architectures: ['T5ForConditionalGeneration'], d_ff: 2048, d_kv: 64, d_model: 512, decoder_start_token_id: 0, dropout_rate: 0.1, eos_token_id: 1, initializer_factor: 1.0, is_encoder_decoder: true,
    layer_norm_epsilon: 1e-6, model_type: 't5', n_positions: 512, num_heads: 8, num_layers: 6, output_past: true, pad_token_id: 0, relative_attention_num_buckets: 32,
    task_specific_params: { summarization: { early_stopping: true, prefix: 'summarize: ' } }, vocab_size: 32128,
  };
  const flan = {
    architectures: ['T5ForConditionalGeneration'], d_ff: 1024, d_kv: 64, d_model: 512, decoder_start_token_id: 0, dropout_rate: 0.1, eos_token_id: 1, feed_forward_proj: 'gated-gelu', initializer_factor: 1.0,
    is_encoder_decoder: true, layer_norm_epsilon: 1e-6, model_type: 't5', n_positions: 512, num_decoder_layers: 8, num_heads: 6, num_layers: 8, output_past: true, pad_token_id: 0,
    relative_attention_max_distance: 128, relative_attention_num_buckets: 32, tie_word_embeddings: false, transformers_version: '4.23.1', use_cache: true, vocab_size: 32128,
  };

  test.each([
    ['t5-small', small, 60_506_624],
    ['flan-t5-small', flan, 76_961_152],
  ])('%s has as many parameters as published, and passes through GGUF', (_, json, parameters) => {
    const config = t5.parseConfig(json);
    const weights = t5.weights.tensors(config);
    expect(weights.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0)).toBe(parameters);
    expect(t5.decoderStartTokenId?.(config)).toBe(0);
    const metadata = t5.weights.gguf.metadataFromConfig(config);
    const shapes = new Map(weights.map((weight) => [weight.gguf, weight.shape]));
    expect(t5.parseConfig(t5.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape: (name) => shapes.get(name) }))).toEqual(config);
  });

  test('names in GGUF are those of llama.cpp', () => {
    const names = t5.weights.tensors(t5.parseConfig({ ...flan, num_layers: 1, num_decoder_layers: 1 })).map(({ gguf }) => gguf.replace('.weight', ''));
    const ofNetwork = ['ffn_gate', 'ffn_up', 'ffn_down', 'ffn_norm'];
    const ofAttention = ['attn_q', 'attn_k', 'attn_v', 'attn_o', 'attn_rel_b', 'attn_norm'];
    expect(names).toEqual([
      'token_embd',
      ...[...ofAttention, ...ofNetwork].map((part) => `enc.blk.0.${part}`),
      'enc.output_norm',
      ...[...ofAttention, ...['q', 'k', 'v', 'o', 'norm'].map((part) => `cross_attn_${part}`), ...ofNetwork].map((part) => `dec.blk.0.${part}`),
      'dec.output_norm',
      'output',
    ]);
  });

  test('mT5 by its own defaults: it never scales, whatever transformers 5 writes of its head', () => {
    const published = { architectures: ['MT5ForConditionalGeneration'], model_type: 'mt5', tokenizer_class: 'T5Tokenizer', tie_word_embeddings: false };
    expect(t5.parseConfig(published)).toMatchObject({ vocab_size: 250112, d_ff: 1024, num_layers: 8, num_heads: 6, feed_forward_proj: 'gated-gelu', tie_word_embeddings: false, scale_decoder_outputs: false });
    const tied = t5.parseConfig({ ...published, tie_word_embeddings: true });
    expect(tied).toMatchObject({ tie_word_embeddings: true, scale_decoder_outputs: false });
    expect(() => t5.weights.gguf.metadataFromConfig(tied)).toThrow(/scale what a tied head reads/);
  });

  test('GGUF cannot say that a network is gated by silu', () => {
    expect(() => t5.weights.gguf.metadataFromConfig(t5.parseConfig({ ...flan, feed_forward_proj: 'gated-silu' }))).toThrow(/gated by silu/);
  });

  test('GGUF cannot say where distances end, nor whether the head of T5 1.0 is its own', () => {
    expect(() => t5.weights.gguf.metadataFromConfig(t5.parseConfig({ ...flan, relative_attention_max_distance: 64 }))).toThrow(/llama.cpp knows 128 only/);
    const metadata = t5.weights.gguf.metadataFromConfig(t5.parseConfig(small));
    const tensorShape = (name: string) => (['token_embd.weight', 'output.weight'].includes(name) ? [32128, 512] : undefined);
    expect(() => t5.weights.gguf.configFromGguf({ get: (key) => metadata[key]?.value, tensorShape })).toThrow(/only a tied head is scaled/);
  });
});
