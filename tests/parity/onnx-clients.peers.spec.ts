import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { exportOnnx, onnxDataTypes, openOnnxRuntime, openSourceModel, runtimeComplete, writeOnnxFolder } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { drawModel } from '../../libs/quantization/src/testing/draw-model.js';
import { openEncoderDecoder } from '../../libs/quantization/src/testing/run-encoder-decoder.js';
import { findOnnxClients, type OnnxClients } from '../../tools/onnx-clients.mjs';

// One folder with all its graphs, in the hands of transformers.js and onnxruntime-genai: both read our tokenizer and our configuration, and answer, greedily, the
// very tokens that onnxruntime-node computes from the graphs. More folders (of real models) by TUNESMITH_TEST_ONNX_MODEL, one or several as in PATH.

const common = { vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 3, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5, bos_token_id: 1, eos_token_id: 2 };
const families: Readonly<Record<string, Record<string, unknown>>> = {
  llama: { ...common, architectures: ['LlamaForCausalLM'], model_type: 'llama', tie_word_embeddings: true },
  qwen2: { ...common, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' },
  qwen3: { ...common, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', head_dim: 32 },
  gemma3: { ...common, architectures: ['Gemma3ForCausalLM'], model_type: 'gemma3_text', head_dim: 16, query_pre_attn_scalar: 16, sliding_window: 8, layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'] },
  phi3: { ...common, architectures: ['Phi3ForCausalLM'], model_type: 'phi3', pad_token_id: 2, partial_rotary_factor: 0.5 },
  gpt2: { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', vocab_size: 320, n_positions: 128, n_embd: 64, n_layer: 3, n_head: 4, n_inner: 96, bos_token_id: 1, eos_token_id: 2 },
};

const context = { signal: new AbortController().signal, onProgress: () => undefined };
const prompt = 'What is the name of the river, and who lives there?';
const tokens = 24;
const run = promisify(execFile);

let clients: OnnxClients;
beforeAll(() => {
  setThreads(2);
  const found = findOnnxClients();
  if (found === undefined) throw new Error('expected transformers.js and onnxruntime-genai; TUNESMITH_ONNX_CLIENTS names no folder with them, and none was made yet. Try npm run test:peers, which makes one.');
  clients = found;
});

/** Lines of JSON that a client prints. */
async function answers<Answer>(command: string, args: readonly string[], jobs: readonly object[], folder: string): Promise<Answer[]> {
  const file = join(folder, `${basename(args[0]!)}.json`);
  await writeFile(file, JSON.stringify(jobs));
  const { stdout } = await run(command, [...args, file], { maxBuffer: 1 << 26, env: { ...process.env, OMP_NUM_THREADS: '2' } });
  return stdout.trim().split('\n').map((line) => JSON.parse(line) as Answer);
}

/** Writes every graph of a model into one folder; what onnxruntime-node answers by each. */
async function writeAndAsk(modelFolder: string, folder: string) {
  await using model = await openSourceModel(modelFolder);
  const tokenizer = await Tokenizer.fromFolder(modelFolder);
  const template = (await ChatTemplate.fromFolder(modelFolder))!;
  const read = tokenizer.encode(template.render([{ role: 'user', content: prompt }], { addGenerationPrompt: true }), { addSpecialTokens: false });
  const graphs: { dtype: string; file: string; made: number[] }[] = [];
  for (const dataType of onnxDataTypes) {
    const { file } = await exportOnnx(model, dataType, folder, context);
    await using runtime = await openOnnxRuntime(join(folder, file), { contextSize: 128, threads: 2, signal: context.signal });
    graphs.push({ dtype: dataType.dtype, file, made: await runtimeComplete(runtime, read, { maxNewTokens: tokens, stopTokenIds: [], signal: context.signal }) });
  }
  await writeOnnxFolder(model, onnxDataTypes, folder);
  return { read, graphs, tokenizer };
}

/** Up to the token that ends an answer, which the clients stop at. */
function untilEnd(made: readonly number[], ends: readonly number[]): number[] {
  const end = made.findIndex((id) => ends.includes(id));
  return made.slice(0, end < 0 ? made.length : end);
}

interface Answer {
  readonly read: number[];
  readonly made: number[];
  readonly text: string;
}

async function expectSameAnswers(modelFolder: string, folder: string): Promise<void> {
  const { read, graphs, tokenizer } = await writeAndAsk(modelFolder, folder);
  const ends = tokenizer.eosTokenIds;
  // The first is the one that the folder itself says.
  const asked = [{}, ...graphs.map(({ dtype, file }) => ({ dtype, graph: file }))].map((which) => ({ folder, kind: 'decoder', prompt, tokens, ...which }));
  const clientsSay = {
    'transformers.js': await answers<Answer>(process.execPath, [join(import.meta.dirname, 'transformers-js-answers.mjs'), clients.transformers], asked, folder),
    'onnxruntime-genai': await answers<Answer>(clients.python, [join(import.meta.dirname, 'genai-answers.py')], asked, folder),
  };
  const expected = [graphs[0]!, ...graphs].map(({ made }) => untilEnd(made, ends));
  for (const [client, said] of Object.entries(clientsSay)) {
    expect({ client, read: said.map((answer) => answer.read) }).toEqual({ client, read: expected.map(() => read) });
    expect({ client, made: said.map(({ made }) => untilEnd(made, ends)) }).toEqual({ client, made: expected });
    for (const [index, made] of expected.entries()) {
      const text = tokenizer.decode(made, { skipSpecialTokens: true }).trim();
      // genai ends a text where bytes are no characters, which random models write.
      if (!text.includes('\ufffd')) expect({ client, text: said[index]!.text.trim() }).toEqual({ client, text });
    }
  }
}

test.each(Object.entries(families))('a tiny %s answers in transformers.js and onnxruntime-genai as in onnxruntime-node, by each of its graphs', async (_, config) => {
  await using folder = await temporaryFolder('onnx-clients');
  await expectSameAnswers(await drawModel(join(folder.path, 'model'), config), join(folder.path, 'onnx-model'));
}, 300_000);

test('a tiny T5 answers in transformers.js as in onnxruntime-node', async () => {
  await using folder = await temporaryFolder('onnx-clients');
  const original = join(import.meta.dirname, 'fixtures', 'encoder-decoder');
  const out = join(folder.path, 'onnx-model');
  await using model = await openSourceModel(original);
  const tokenizer = await Tokenizer.fromFolder(original);
  const read = tokenizer.encode(prompt);
  const expected: number[][] = [];
  for (const dataType of onnxDataTypes) {
    const { file } = await exportOnnx(model, dataType, out, context);
    const ours = await openEncoderDecoder(join(out, file));
    expected.push(await ours.continue(read, [model.family.decoderStartTokenId!(model.config)], tokens));
    await ours.release();
  }
  await writeOnnxFolder(model, onnxDataTypes, out);
  const jobs = onnxDataTypes.map(({ dtype }) => ({ folder: out, dtype, kind: 'encoder-decoder', prompt, tokens }));
  const found = await answers<Answer>(process.execPath, [join(import.meta.dirname, 'transformers-js-answers.mjs'), clients.transformers], jobs, out);
  expect(found.map((answer) => answer.read)).toEqual(expected.map(() => read));
  expect(found.map(({ made }) => untilEnd(made, tokenizer.eosTokenIds))).toEqual(expected.map((made) => untilEnd(made, tokenizer.eosTokenIds)));
}, 300_000);

// Real models are too large to be committed.
const real = (process.env.TUNESMITH_TEST_ONNX_MODEL ?? '').split(':').filter((folder) => folder !== '');
(real.length > 0 ? test.each(real) : test.skip.each(['none']))('%s of TUNESMITH_TEST_ONNX_MODEL answers the same in all three', async (modelFolder) => {
  await using folder = await temporaryFolder('onnx-clients');
  await expectSameAnswers(modelFolder, join(folder.path, 'onnx-model'));
}, 1_200_000);
