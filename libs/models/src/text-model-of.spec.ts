import { openSafetensors, readJsonFile, writeSafetensors, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { packTokens } from '@tunesmith/nn';
import { noGrad, scope, setThreads } from '@tunesmith/tensor';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { familyFor } from './families.js';
import { gemma3 } from './gemma3/index.js';
import { importModel } from './import-model.js';
import { loadModel } from './load-model.js';
import { readFixture, type FamilyFixture } from './testing/family-fixture.js';
import { textModelOf } from './text-model-of.js';

const context = { signal: new AbortController().signal, onProgress: () => {} };
let fixture: FamilyFixture;
let folder: string;
beforeAll(async () => {
  setThreads(1);
  fixture = await readFixture('gemma3-within-vision', 'larger-models');
});
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'tunesmith-spec-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Change {
  readonly config?: (published: Record<string, unknown>) => Record<string, unknown>;
  readonly name?: (published: string) => string;
  /** The embedding once more, under this name. */
  readonly headName?: string;
}

/** The fixture with a tokenizer, changed, imported. */
async function imported({ config = (same) => same, name = (same) => same, headName }: Change = {}): Promise<{ out: string; result: Awaited<ReturnType<typeof importModel>> }> {
  const [source, out] = [join(folder, 'published'), join(folder, 'out')];
  await mkdir(source);
  await writeFile(join(source, 'config.json'), JSON.stringify(config(fixture.configJson)));
  await writeFile(join(source, 'tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab: { a: 0, b: 1, '<s>': 2 }, merges: [] } }));
  await using tensors = await openSafetensors(fixture.folder);
  const entry = (from: string, as: string): SafetensorsEntry => ({ name: as, dtype: tensors.info(from).dtype, shape: tensors.info(from).shape, bytes: () => tensors.read(from) });
  const entries = [...tensors.names()].map((each) => entry(each, name(each)));
  if (headName !== undefined) entries.push(entry('language_model.model.embed_tokens.weight', headName));
  await writeSafetensors(join(source, 'model.safetensors'), entries);
  return { out, result: await importModel(source, out, context) };
}

/** The largest difference to the logits of the whole model in transformers, given text. */
async function logitError(path: string): Promise<number> {
  const { model } = await loadModel(path, { dtype: 'float32' });
  using _ = model;
  const logits = scope(() => noGrad(() => model.logits(model.hidden(packTokens(fixture.rows))).toArray()));
  expect(logits).toHaveLength(fixture.logits.length);
  return Math.max(...logits.map((value, index) => Math.abs(value - fixture.logits[index]!)));
}

const inMemory = (name: string) => (name.startsWith('language_model.') ? name.replace(/^language_model\.model\./, 'model.language_model.') : `model.${name}`);

test('the published form: a gemma3 of its own, with the logits that transformers gives text, and a remark on what was left out', async () => {
  const { out, result } = await imported();
  expect(await logitError(out)).toBeLessThan(1e-4);
  const config = gemma3.parseConfig(fixture.configJson.text_config);
  expect(result).toMatchObject({ format: 'folder', family: 'gemma3', tensors: gemma3.weights.tensors(config).length });
  expect(result.remarks).toEqual(['only the text model of this Gemma3ForConditionalGeneration was imported, which reads no images; left out: the vision tower (21 tensors, 972 parameters), its projector (2 tensors, 264 parameters)']);
  await using tensors = await openSafetensors(out);
  expect([...tensors.names()].filter((name) => !name.startsWith('model.') || name.includes('vision'))).toEqual([]);
});

test('config.json says everything that its readers look for, and nothing of images', async () => {
  const { out } = await imported();
  const written = (await readJsonFile(join(out, 'config.json'))) as Record<string, unknown>;
  expect(written).toMatchObject({ architectures: ['Gemma3ForCausalLM'], model_type: 'gemma3_text', dtype: 'float32', eos_token_id: [1, 106], tie_word_embeddings: true, vocab_size: 97, max_position_embeddings: 64, rms_norm_eps: 1e-6, rope_scaling: { factor: 8, rope_type: 'linear' } });
  expect(Object.keys(written).filter((key) => /image|vision|text|boi|eoi/.test(key))).toEqual([]);
  expect(gemma3.parseConfig(written)).toEqual(gemma3.parseConfig(fixture.configJson.text_config));
});

test('the names of newer transformers, also where a tied head is stored once more', async () => {
  const { out, result } = await imported({ name: inMemory, headName: 'lm_head.weight' });
  expect(await logitError(out)).toBeLessThan(1e-4);
  expect(result.remarks).toEqual([expect.stringMatching(/the vision tower \(21 tensors.*its projector \(2 tensors/)]);
});

test.each([
  ['language_model.lm_head.weight', (name: string) => name],
  ['lm_head.weight', inMemory],
])('an untied head called %s is the text model\'s', async (headName, name) => {
  const { out } = await imported({ config: (published) => ({ ...published, tie_word_embeddings: false }), headName, name });
  await using tensors = await openSafetensors(out);
  expect(tensors.has('lm_head.weight')).toBe(true);
  expect(await logitError(out)).toBeLessThan(1e-4);
});

test('a tensor that nobody knows is refused by name', async () => {
  await expect(imported({ headName: 'audio_tower.weight' })).rejects.toMatchObject({ code: 'model-weights-mismatch', message: expect.stringContaining('audio_tower.weight [97, 32] is not a part of this model') });
});

test.each<[string, (published: Record<string, unknown>) => Record<string, unknown>, RegExp]>([
  ['without text_config', ({ text_config: _, ...rest }) => rest, /config\.json of a Gemma3ForConditionalGeneration: expected text_config, the configuration of its text model, got none\. Take the config\.json that was published/],
  ['with a text_config that is none', (all) => ({ ...all, text_config: [] }), /expected text_config.*got \[\]/],
  ['with a text model of another kind', (all) => ({ ...all, text_config: { model_type: 'llama' } }), /expected text_config\.model_type to be gemma3_text, got "llama"/],
  ['that contradicts itself', (all) => ({ ...all, text_config: { ...(all.text_config as object), tie_word_embeddings: false } }), /tie_word_embeddings is true, but false in text_config/],
  ['with a key that nobody knows', (all) => ({ ...all, audio_config: {} }), /unknown key audio_config/],
  ['with packed weights', (all) => ({ ...all, quantization_config: {} }), /quantization_config/],
])('a configuration %s is refused', (_, change, message) => {
  expect(() => textModelOf(change(fixture.configJson))).toThrow(message);
});

test('gemma-3-4b-it and gemma-3-27b-it as published: what they leave out are transformers\' defaults, and GGUF takes them', () => {
  const published = (text: object) => ({
    architectures: ['Gemma3ForConditionalGeneration'], boi_token_index: 255999, eoi_token_index: 256000, eos_token_id: [1, 106], image_token_index: 262144, initializer_range: 0.02,
    mm_tokens_per_image: 256, model_type: 'gemma3', text_config: { model_type: 'gemma3_text', rope_scaling: { factor: 8, rope_type: 'linear' }, sliding_window: 1024, ...text },
    torch_dtype: 'bfloat16', transformers_version: '4.50.0.dev0',
    vision_config: { hidden_size: 1152, image_size: 896, intermediate_size: 4304, model_type: 'siglip_vision_model', num_attention_heads: 16, num_hidden_layers: 27, patch_size: 14, vision_use_head: false },
  });
  const small = textModelOf(published({ hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 34 }));
  expect(small.configJson).toMatchObject({ vocab_size: 262208, hidden_size: 2560, num_attention_heads: 8, num_key_value_heads: 4, head_dim: 256, query_pre_attn_scalar: 256, max_position_embeddings: 131072, sliding_window: 1024, torch_dtype: 'bfloat16', tie_word_embeddings: true });
  expect(small.config).toMatchObject({ rotary: { full_attention: { theta: 1e6, scaling: { kind: 'linear', factor: 8 } }, sliding_attention: { theta: 1e4, scaling: null } } });
  const large = textModelOf(published({ head_dim: 128, hidden_size: 5376, intermediate_size: 21504, num_attention_heads: 32, num_hidden_layers: 62, num_key_value_heads: 16, query_pre_attn_scalar: 168 }));
  for (const { family, config, configJson } of [small, large]) {
    expect(family.parseConfig(configJson)).toEqual(config);
    expect(family.weights.gguf.metadataFromConfig(config)).toMatchObject({ 'gemma3.rope.scaling.factor': { value: 8 }, 'gemma3.attention.sliding_window': { value: 1024 } });
  }
});

test('what has not been imported is not loaded, and the error says what to do', () => {
  expect(() => familyFor(fixture.configJson)).toThrow(/larger model around one of the family gemma3: expected the text model alone, got architectures \["Gemma3ForConditionalGeneration"\] of model_type "gemma3"\. Import the folder/);
  expect(() => familyFor({ model_type: 'gemma3' })).toThrow(/Import the folder/);
  expect(() => familyFor({ architectures: ['Other'] })).toThrow(/Gemma3ForCausalLM, Gemma3ForConditionalGeneration, /);
});
