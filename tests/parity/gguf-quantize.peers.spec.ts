import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openGguf } from '@tunesmith/checkpoints';
import { exportGguf, ggufFileType, ggufFileTypes, openSourceModel, type ImportanceMatrix, type InputStatistics } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { drawModel } from '../../libs/quantization/src/testing/draw-model.js';
import { findPythonPeers } from '../../tools/python-peers.mjs';

// Whole files, tensor by tensor, against llama.cpp's own quantizer (llama-cpp-python): which tensor gets which type, and every byte of it. The quantizer
// reads our float32 file of the same model (quantize-with-llama-cpp.py).

const common = { vocab_size: 320, hidden_size: 256, intermediate_size: 512, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5, rope_theta: 10_000 };
const models: Readonly<Record<string, Record<string, unknown>>> = {
  'llama with a head of its own and grouped attention': { ...common, architectures: ['LlamaForCausalLM'], num_hidden_layers: 17, num_key_value_heads: 1, tie_word_embeddings: false },
  'qwen2, tied': { ...common, architectures: ['Qwen2ForCausalLM'], num_hidden_layers: 9, tie_word_embeddings: true },
  'qwen2 of rows that are no whole super-blocks': { ...common, architectures: ['Qwen2ForCausalLM'], num_hidden_layers: 3, hidden_size: 224, intermediate_size: 512, tie_word_embeddings: true },
  'qwen3 of rows that are no whole blocks': { ...common, architectures: ['Qwen3ForCausalLM'], num_hidden_layers: 2, hidden_size: 80, head_dim: 32, intermediate_size: 144, tie_word_embeddings: false },
  'mixtral of eight experts': { ...common, architectures: ['MixtralForCausalLM'], num_hidden_layers: 4, intermediate_size: 256, num_local_experts: 8, num_experts_per_tok: 2 },
  gpt2: { architectures: ['GPT2LMHeadModel'], vocab_size: 320, n_positions: 64, n_embd: 256, n_layer: 8, n_head: 4, n_inner: 512 },
};

/** For each column of each matrix how much it matters, except for the head and one matrix that has seen nothing; by file, as llama.cpp takes it, and as we do. */
function drawImportance(tensors: ReadonlyMap<string, readonly number[]>): { ours: ImportanceMatrix; theirs: Record<string, number[]> } {
  const ours = new Map<string, InputStatistics>();
  const theirs: Record<string, number[]> = {};
  for (const [name, shape] of tensors) {
    if (shape.length < 2 || /^(?:token_embd|output|blk\.0\.attn_q)\./.test(name)) continue;
    const [matrices, columns] = [shape.length > 2 ? shape[0]! : 1, shape.at(-1)!];
    // Four inputs each: means are exact.
    const sums = Float32Array.from({ length: matrices * columns }, (_, place) => (place % 37 === 5 ? 0 : 4 * (1 + ((place * 31) % 97)) ** 2));
    ours.set(name, { sums, counts: new Float32Array(matrices).fill(4) });
    theirs[name] = Array.from(sums, (sum) => sum / 4);
  }
  return { ours, theirs };
}

const quantized = ggufFileTypes.filter(({ name }) => name !== 'f32');

beforeAll(() => setThreads(2));

const cases = Object.entries(models).flatMap(([name, config]) => [false, true].map((weighed) => ({ name: `${name}${weighed ? ', with an importance matrix' : ''}`, config, weighed })));

test.each(cases)('$name: every file type has the types and the bytes of llama.cpp', async ({ config, weighed }) => {
  await using folder = await temporaryFolder();
  const place = (name: string) => join(folder.path, name);
  await using model = await openSourceModel(await drawModel(place('model'), config));
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  await exportGguf(model, ggufFileType('f32'), place('f32.gguf'), context);
  const shapes = await (async () => {
    await using source = await openGguf(place('f32.gguf'));
    return new Map(Array.from(source.names(), (name) => [name, source.info(name).shape]));
  })();
  const importance = weighed ? drawImportance(shapes) : undefined;
  const jobs = quantized.map(({ name, number }) => ({ source: place('f32.gguf'), target: place(`theirs-${name}.gguf`), fileType: number, threads: 2, importance: importance?.theirs }));
  await writeFile(place('jobs.json'), JSON.stringify(jobs));
  await promisify(execFile)(join(findPythonPeers()!, 'bin', 'python'), [new URL('quantize-with-llama-cpp.py', import.meta.url).pathname, place('jobs.json')]);
  const different: string[] = [];
  for (const fileType of quantized) {
    await exportGguf(model, fileType, place('ours.gguf'), context, { importance: importance?.ours });
    await using ours = await openGguf(place('ours.gguf'));
    await using theirs = await openGguf(place(`theirs-${fileType.name}.gguf`));
    expect([...ours.names()].sort()).toEqual([...theirs.names()].sort());
    for (const name of theirs.names()) {
      const [type, expected] = [ours.info(name).dtype, theirs.info(name).dtype];
      if (type !== expected) different.push(`${fileType.name} ${name}: ${type}, llama.cpp has ${expected}`);
      else if (Buffer.compare(await ours.read(name), await theirs.read(name)) !== 0) different.push(`${fileType.name} ${name}: other bytes of ${type}`);
    }
    expect(ours.metadata.number('general.file_type')).toBe(theirs.metadata.number('general.file_type'));
  }
  expect(different).toEqual([]);
});
