// Tokens per second of greedy decoding in onnxruntime-node, our graphs of one model in turns in one run: int4 is to be at least 2 times as fast as float32.
// Usage: node tools/build.mjs && node tools/bench/onnx-decoding.mjs --model FOLDER [--types fp32,fp16,int8,int4] [--new-tokens 64] [--runs 3] [--threads N]
// FOLDER: a Hugging Face folder (tunesmith model import makes one). The load is printed: where other work runs, the clock says little, and the shares of
// processor time more, as threads that wait for each other spin.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { quantile, root } from './figure.mjs';

const goal = 2;
const options = {
  model: { type: 'string' },
  types: { type: 'string', default: 'fp32,fp16,int8,int4' },
  'new-tokens': { type: 'string', default: '64' },
  runs: { type: 'string', default: '3' },
  threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
};
const { values } = parseArgs({ options });
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder (tunesmith model import makes one)');
const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const { exportOnnx, onnxDataTypes, openOnnxRuntime, openSourceModel, runtimeComplete } = await room('quantization');
const { Tokenizer } = await room('tokenizers');

const signal = new AbortController().signal;
const [newTokens, threads] = [Number(values['new-tokens']), Number(values.threads)];
const types = values.types.split(',').map((name) => onnxDataTypes.find((dataType) => dataType.name === name) ?? fail(`unknown type ${name}; expected ${onnxDataTypes.map((type) => type.name).join(', ')}`));
const prompt = (await Tokenizer.fromFolder(values.model)).encode('Once upon a time there was a small village where', { addSpecialTokens: false });
const folder = await mkdtemp(join(tmpdir(), 'tunesmith-decoding-'));
const opened = [];
try {
  await using model = await openSourceModel(values.model);
  for (const type of types) {
    const { file, bytes } = await exportOnnx(model, type, folder, { signal, onProgress() {} });
    opened.push({ name: type.name, bytes, runtime: await openOnnxRuntime(join(folder, file), { contextSize: 512, threads, signal }), rounds: [] });
  }
  // The prompt's own time is taken away: a run of one token is as long.
  const timed = async ({ runtime }, count) => {
    const [clock, processor] = [performance.now(), process.cpuUsage()];
    await runtimeComplete(runtime, prompt, { maxNewTokens: count, stopTokenIds: [], signal });
    const { user, system } = process.cpuUsage(processor);
    return { clock: (performance.now() - clock) / 1000, processor: (user + system) / 1e6 };
  };
  for (const side of opened) await timed(side, 2);
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const side of opened) {
      const [first, all] = [await timed(side, 1), await timed(side, newTokens + 1)];
      side.rounds.push({ clock: newTokens / (all.clock - first.clock), processor: newTokens / (all.processor - first.processor) });
    }
  }
  console.log(`${threads} threads, load ${loadavg().map((load) => load.toFixed(1)).join(' ')}`);
  const rate = ({ rounds }, time) => quantile(rounds.map((round) => round[time]), 0.5);
  const exact = opened.find(({ name }) => name === 'fp32');
  for (const side of opened) {
    const times = (time) => (exact ? `, ${(rate(side, time) / rate(exact, time)).toFixed(2)} times fp32` : '');
    console.log(`${side.name} (${(side.bytes / 1e6).toFixed(0)} MB): ${rate(side, 'clock').toFixed(1)} tokens/s${times('clock')}; by processor time ${rate(side, 'processor').toFixed(1)}${times('processor')}`);
  }
  const int4 = opened.find(({ name }) => name === 'int4');
  if (int4 && exact && rate(int4, 'clock') < goal * rate(exact, 'clock')) {
    console.log(`int4 is less than ${goal} times as fast as fp32: MISSED`);
    process.exitCode = 1;
  }
} finally {
  for (const { runtime } of opened) await runtime[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
}

function fail(message) {
  throw new Error(message);
}
