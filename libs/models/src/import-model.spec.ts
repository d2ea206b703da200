import { bfloat16FromFloat32, openSafetensors, writeGguf, writeModelFolder, type GgufValue, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import type { WorkProgress } from '@tunesmith/tensor';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { familyFor } from './families.js';
import { importModel } from './import-model.js';
import { rowsFromGguf } from './import-model-rows.js';
import { loadModel } from './load-model.js';
import type { WeightName } from './model-family.js';

const llama = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 262,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: false,
};
const gemma3 = {
  architectures: ['Gemma3ForCausalLM'],
  vocab_size: 262,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 16,
  max_position_embeddings: 64,
  query_pre_attn_scalar: 16,
  sliding_window: 16,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  rope_local_base_freq: 10_000,
  tie_word_embeddings: true,
};

const tiedT5 = { architectures: ['T5ForConditionalGeneration'], model_type: 't5', vocab_size: 262, d_model: 16, d_kv: 8, d_ff: 24, num_layers: 1, num_heads: 2 };

const template = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}";

/** A byte-level vocabulary without merges: 256 bytes and three special tokens. */
function vocabularyMetadata(): Record<string, GgufValue> {
  let next = 256;
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode((byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174 ? byte : next++));
  const tokens = ['<|endoftext|>', '<|im_start|>', '<|im_end|>', ...bytes];
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
    'tokenizer.ggml.pre': { type: 'string', value: 'gpt-2' },
    'tokenizer.ggml.tokens': { type: 'array', elementType: 'string', value: tokens },
    'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: tokens.map((_, id) => (id < 3 ? 3 : 1)) },
    'tokenizer.ggml.merges': { type: 'array', elementType: 'string', value: [] },
    'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 1 },
    'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 0 },
    'tokenizer.chat_template': { type: 'string', value: template },
  };
}

/** Numbers that bfloat16 holds exactly, so that every step can be compared bit by bit. */
function weightsOf(name: string, count: number): Float32Array {
  let state = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
  return Float32Array.from({ length: count }, () => {
    state = Math.imul(state, 0x19660d) + 0x3c6ef35f;
    return ((state >>> 16) % 255) / 256 - 0.5;
  });
}

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** What llama.cpp's converter does to a tensor, written from its definition. */
function toGguf({ shape, transform }: WeightName, values: Float32Array): Float32Array {
  if (transform?.kind === 'plus-one') return values.map((value) => Math.fround(value + 1));
  if (transform?.kind !== 'interleave-heads') return values;
  const [rows = 0] = shape;
  const row = values.length / rows;
  const headDim = rows / transform.heads;
  return Float32Array.from(values, (_, at) => {
    const [r, column] = [Math.floor(at / row), at % row];
    const [head, inside] = [Math.floor(r / headDim), r % headDim];
    return values[(head * headDim + (inside % 2) * (headDim / 2) + Math.floor(inside / 2)) * row + column]!;
  });
}

type Config = typeof llama | typeof gemma3 | typeof tiedT5;
interface GgufChange {
  readonly metadata?: Record<string, GgufValue>;
  readonly tensors?: (weights: { weight: WeightName; values: Float32Array }[]) => { weight: WeightName; values: Float32Array }[];
}

async function writeModelGguf(path: string, configJson: Config, { metadata = {}, tensors = (all) => all }: GgufChange = {}): Promise<void> {
  const family = familyFor(configJson);
  const config = family.parseConfig(configJson);
  const { gguf } = family.weights;
  const weights = tensors(family.weights.tensors(config).map((weight) => ({ weight, values: toGguf(weight, weightsOf(weight.huggingFace, count(weight.shape))) })));
  await writeGguf(
    path,
    {
      metadata: { 'general.architecture': { type: 'string', value: gguf.architecture ?? '' }, ...gguf.metadataFromConfig(config), ...vocabularyMetadata(), ...metadata },
      // One matrix as float16, to see that packed rows are moved too; the rest as float32.
      tensors: weights.map(({ weight }) => ({ name: weight.gguf, type: weight.gguf === 'blk.0.attn_q.weight' ? 'F16' : 'F32', shape: weight.shape })),
    },
    weights.map(({ weight, values }) => new Uint8Array(weight.gguf === 'blk.0.attn_q.weight' ? new Float16Array(values).buffer : values.slice().buffer)),
  );
}

async function writeFolder(path: string, configJson: Config, change: (entries: SafetensorsEntry[]) => SafetensorsEntry[] = (all) => all): Promise<void> {
  const family = familyFor(configJson);
  const tensors = family.weights.tensors(family.parseConfig(configJson)).map(({ huggingFace: name, shape }): SafetensorsEntry => ({
    name,
    dtype: 'F32',
    shape,
    bytes: new Uint8Array(weightsOf(name, count(shape)).buffer),
  }));
  await writeModelFolder(path, { config: configJson, tensors: change(tensors), files: { 'tokenizer.json': { model: { type: 'BPE', vocab: { a: 0, b: 1, '<s>': 2 }, merges: [] } }, 'modeling_evil.py': 'raise SystemExit' } });
}

let folder: string;
const reports: WorkProgress[] = [];
const context = { signal: new AbortController().signal, onProgress: (progress: WorkProgress) => void reports.push(progress) };
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tunesmith-spec-'));
  reports.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const gguf = () => join(folder, 'model.gguf');
const out = () => join(folder, 'out');

describe.each([
  ['llama', llama],
  ['gemma3', gemma3],
] as const)('a GGUF file of %s', (name, configJson) => {
  it('becomes a folder with the original names, shapes and values', async () => {
    await writeModelGguf(gguf(), configJson);
    const result = await importModel(gguf(), out(), context);
    const family = familyFor(configJson);
    const weights = family.weights.tensors(family.parseConfig(configJson));
    const parameters = weights.reduce((sum, { shape }) => sum + count(shape), 0);
    expect(result).toEqual({ format: 'gguf', family: name, parameters, tensors: weights.length, bytes: parameters * 2, vocabularySize: 259 });
    await using source = await openSafetensors(out());
    expect([...source.names()].sort()).toEqual(weights.map(({ huggingFace }) => huggingFace).sort());
    for (const { huggingFace, shape } of weights) {
      expect(source.info(huggingFace)).toMatchObject({ dtype: 'BF16', shape });
      const expected = bfloat16FromFloat32(weightsOf(huggingFace, count(shape)));
      expect([huggingFace, Buffer.compare(await source.read(huggingFace), new Uint8Array(expected.buffer))]).toEqual([huggingFace, 0]);
    }
    const written = JSON.parse(await readFile(join(out(), 'config.json'), 'utf8'));
    expect(written).toMatchObject({ architectures: configJson.architectures, dtype: 'bfloat16', torch_dtype: 'bfloat16', bos_token_id: 1, eos_token_id: [0, 2], tie_word_embeddings: configJson.tie_word_embeddings });
    expect(family.parseConfig(written)).toEqual(family.parseConfig(configJson));
  });
});

describe('importModel of a GGUF file', () => {
  it('writes a tokenizer and a template that load, and counts the bytes', async () => {
    await writeModelGguf(gguf(), llama);
    const { bytes } = await importModel(gguf(), out(), context);
    expect((await readdir(out())).sort()).toEqual(['chat_template.jinja', 'config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']);
    const tokenizer = await Tokenizer.fromFolder(out());
    expect(tokenizer.decode(tokenizer.encode('Grüße!'))).toBe('Grüße!');
    expect(tokenizer.eosTokenIds).toEqual([0, 2]);
    const chat = await ChatTemplate.fromFolder(out());
    expect(chat?.source).toBe(template);
    expect(reports[0]).toEqual({ phase: 'import', done: 0, total: bytes, unit: 'bytes' });
    expect(reports.at(-1)).toEqual({ phase: 'import', done: bytes, total: bytes, unit: 'bytes' });
    const { model } = await loadModel(out(), { dtype: 'float32' });
    model[Symbol.dispose]();
  });

  it('gives the same bytes each time', async () => {
    await writeModelGguf(gguf(), llama);
    await importModel(gguf(), out(), context);
    await importModel(gguf(), join(folder, 'again'), context);
    for (const name of await readdir(out())) expect([name, Buffer.compare(await readFile(join(out(), name)), await readFile(join(folder, 'again', name)))]).toEqual([name, 0]);
  });

  it.each<[string, GgufChange, object]>([
    ['a missing embedding', { tensors: (all) => all.slice(1) }, { name: 'ModelConfigError', message: expect.stringContaining('token_embd.weight is missing') }],
    ['a missing norm', { tensors: (all) => all.filter(({ weight }) => weight.gguf !== 'blk.1.ffn_norm.weight') }, { code: 'model-weights-mismatch', message: expect.stringContaining('blk.1.ffn_norm.weight is missing') }],
    ['a tensor that is not of the model', { tensors: (all) => [...all, { weight: { huggingFace: 'x', gguf: 'blk.0.extra.weight', shape: [1] }, values: new Float32Array(1) }] }, { code: 'model-weights-mismatch' }],
    [
      'a wrong shape',
      { tensors: (all) => all.map((entry) => (entry.weight.gguf === 'blk.0.ffn_up.weight' ? { ...entry, weight: { ...entry.weight, shape: [32, 64] } } : entry)) },
      { code: 'model-weights-mismatch', message: expect.stringContaining('blk.0.ffn_up.weight is [32, 64], expected [64, 32]') },
    ],
    [
      'NaN',
      { tensors: (all) => all.map((entry) => (entry.weight.gguf === 'blk.1.ffn_down.weight' ? { ...entry, values: entry.values.map((value, i) => (i === 7 ? NaN : value)) } : entry)) },
      { code: 'model-weights-not-finite', facts: { name: 'blk.1.ffn_down.weight' } },
    ],
    [
      'infinity',
      { tensors: (all) => all.map((entry) => (entry.weight.gguf === 'output_norm.weight' ? { ...entry, values: entry.values.map(() => -Infinity) } : entry)) },
      { code: 'model-weights-not-finite', facts: { name: 'output_norm.weight' } },
    ],
    ['an unknown architecture', { metadata: { 'general.architecture': { type: 'string', value: 'mystery' } } }, { name: 'ModelConfigError' }],
    ['an adapter', { metadata: { 'general.type': { type: 'string', value: 'adapter' } } }, { code: 'import-not-a-model' }],
    ['a missing setting', { metadata: { 'llama.block_count': { type: 'string', value: 'two' } } }, { name: 'ModelConfigError' }],
    [
      'more tokens than rows',
      {
        metadata: {
          'tokenizer.ggml.tokens': { type: 'array', elementType: 'string', value: Array.from({ length: 300 }, (_, i) => `t${i}`) },
          'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: Array(300).fill(1) },
        },
      },
      { code: 'import-vocabulary-mismatch' },
    ],
    ['a broken template', { metadata: { 'tokenizer.chat_template': { type: 'string', value: '{% for %}' } } }, { code: 'chat-template-bad-syntax' }],
  ])('refuses %s and leaves no model behind', async (_, change, error) => {
    await writeModelGguf(gguf(), llama, change);
    await expect(importModel(gguf(), out(), context)).rejects.toMatchObject(error);
    expect(await readdir(out()).catch(() => [])).toEqual([]);
  });

  it('refuses a file that is cut short', async () => {
    await writeModelGguf(gguf(), llama);
    await writeFile(gguf(), (await readFile(gguf())).subarray(0, -40));
    await expect(importModel(gguf(), out(), context)).rejects.toMatchObject({ code: 'gguf-data-truncated' });
  });

  it('stops when it is aborted, and leaves no model behind', async () => {
    await writeModelGguf(gguf(), llama);
    const controller = new AbortController();
    const stopping = { signal: controller.signal, onProgress: ({ done }: WorkProgress) => done > 0 && controller.abort(new Error('no longer wanted')) };
    await expect(importModel(gguf(), out(), stopping)).rejects.toThrow('no longer wanted');
    expect(await readdir(out())).toEqual([]);
  });
});

describe('importModel of a Hugging Face folder', () => {
  it('copies what belongs to the model, and no code', async () => {
    await writeFolder(join(folder, 'in'), llama);
    const result = await importModel(join(folder, 'in'), out(), context);
    expect(result).toMatchObject({ format: 'folder', family: 'llama', vocabularySize: 3 });
    expect((await readdir(out())).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(Buffer.compare(await readFile(join(out(), 'model.safetensors')), await readFile(join(folder, 'in/model.safetensors')))).toBe(0);
  });

  it('leaves out a tied head that is stored twice', async () => {
    const tied = { ...llama, tie_word_embeddings: true };
    await writeFolder(join(folder, 'in'), tied, (all) => [...all, { ...all[0]!, name: 'lm_head.weight' }]);
    await importModel(join(folder, 'in'), out(), context);
    await using source = await openSafetensors(out());
    expect(source.has('lm_head.weight')).toBe(false);
  });

  it.each([
    ['llama', { ...llama, tie_word_embeddings: true }, { tie_word_embeddings: false }],
    ['t5', tiedT5, { tie_word_embeddings: false, scale_decoder_outputs: true }],
  ])('keeps a head that is not the embedding although config.json of a %s says so, as transformers 5 does', async (_, json, written) => {
    const family = familyFor(json);
    const { shape } = family.weights.tensors(family.parseConfig(json))[0]!;
    const head: SafetensorsEntry = { name: 'lm_head.weight', dtype: 'F32', shape, bytes: new Uint8Array(weightsOf('head', count(shape)).buffer) };
    await writeFolder(join(folder, 'in'), json, (all) => [...all, head]);
    const { remarks } = await importModel(join(folder, 'in'), out(), context);
    expect(remarks).toEqual([expect.stringMatching(/lm_head\.weight holds other numbers/)]);
    expect(JSON.parse(await readFile(join(out(), 'config.json'), 'utf8'))).toMatchObject(written);
    await using source = await openSafetensors(out());
    expect(Buffer.compare(await source.read('lm_head.weight'), head.bytes as Uint8Array)).toBe(0);
    const { model } = await loadModel(out(), { dtype: 'float32' });
    expect(model.outputWeight).toBe(model.parameters().get('lm_head.weight'));
    model[Symbol.dispose]();
  });

  it('gives tensors of a model that was saved without its head their names', async () => {
    const tied = { ...llama, architectures: ['LlamaModel'], model_type: 'llama', tie_word_embeddings: true };
    await writeFolder(join(folder, 'in'), tied, (all) => all.map((entry) => ({ ...entry, name: entry.name.replace(/^model\./, '') })));
    await importModel(join(folder, 'in'), out(), context);
    await using source = await openSafetensors(out());
    expect(source.has('model.layers.1.mlp.up_proj.weight')).toBe(true);
  });

  it.each<[string, (entries: SafetensorsEntry[]) => SafetensorsEntry[], object]>([
    ['a missing tensor', (all) => all.slice(1), { code: 'model-weights-mismatch' }],
    ['NaN', (all) => all.map((entry, i) => (i === 2 ? { ...entry, bytes: new Uint8Array(new Float32Array(count(entry.shape)).fill(NaN).buffer) } : entry)), { code: 'model-weights-not-finite' }],
    ['packed weights', (all) => all.map((entry, i) => (i === 2 ? { ...entry, dtype: 'U8', bytes: new Uint8Array(count(entry.shape)) } : entry)), { code: 'model-weights-mismatch' }],
  ])('refuses %s', async (_, change, error) => {
    await writeFolder(join(folder, 'in'), llama, change);
    await expect(importModel(join(folder, 'in'), out(), context)).rejects.toMatchObject(error);
    expect(await readdir(out()).catch(() => [])).toEqual([]);
  });

  it('refuses a folder without a tokenizer, and one whose tokenizer is too large', async () => {
    await writeFolder(join(folder, 'in'), llama);
    const vocab = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`t${i}`, i]));
    await writeFile(join(folder, 'in/tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab, merges: [] } }));
    await expect(importModel(join(folder, 'in'), out(), context)).rejects.toMatchObject({ code: 'import-vocabulary-mismatch' });
    await rm(join(folder, 'in/tokenizer.json'));
    await expect(importModel(join(folder, 'in'), out(), context)).rejects.toMatchObject({ code: 'tokenizer-missing' });
  });

  it('refuses sources that are nothing it knows', async () => {
    await expect(importModel(join(folder, 'none'), out(), context)).rejects.toMatchObject({ code: 'import-source-missing' });
    await writeFile(join(folder, 'x.bin'), '');
    await expect(importModel(join(folder, 'x.bin'), out(), context)).rejects.toMatchObject({ code: 'import-unknown-format' });
    await writeFolder(join(folder, 'in'), llama);
    await expect(importModel(join(folder, 'in'), join(folder, 'in'), context)).rejects.toMatchObject({ code: 'import-into-itself' });
  });
});

describe('rowsFromGguf', () => {
  it('puts the pairs of each head into halves', () => {
    // Two heads of four rows, two bytes each.
    const stored = Uint8Array.from({ length: 16 }, (_, i) => i);
    expect([...rowsFromGguf(stored, 8, 2)]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    expect(() => rowsFromGguf(stored, 6, 2)).toThrow(RangeError);
  });
});
