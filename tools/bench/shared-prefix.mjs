// Continuations of few-shot questions in llama.cpp or onnxruntime: all together, so that what they begin with is read once, beside each alone, in one run.
// Usage: node tools/build.mjs && node tools/bench/shared-prefix.mjs --file FILE.gguf|FOLDER [--questions 12] [--threads N]
// FOLDER: one with an ONNX graph. Both ways are measured in turns, so the load of the machine counts for both.
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './figure.mjs';

const { values } = parseArgs({ options: { file: { type: 'string' }, questions: { type: 'string', default: '12' }, threads: { type: 'string', default: String(Math.min(2, availableParallelism())) } } });
if (!values.file) throw new Error('expected --file FILE.gguf, or a folder with an ONNX graph (tunesmith quantize makes both)');
const { openQuantizedModel } = await import(join(root, 'libs/quantization/dist/index.js'));

const context = { signal: new AbortController().signal, onProgress() {} };
await using model = await openQuantizedModel(values.file, { threads: Number(values.threads), signal: context.signal });
const encode = (text) => model.tokenizer.encode(text, { addSpecialTokens: false });
const shots = Array.from({ length: 5 }, (_, shot) => `Question ${shot}: Which of these animals lives in rivers and builds its den in their banks, eating fish, crabs and frogs all year?\nA. The otter\nB. The owl\nC. The lynx\nD. The camel\nAnswer: A\n\n`).join('');
const questions = Array.from({ length: Number(values.questions) }, (_, number) => encode(`${shots}Question: What would animal number ${number} eat if it had to choose between fish and leaves in winter?\nAnswer:`));
const continuations = [' Fish, because it swims', ' Leaves, because it climbs', ' Both of them together', ' Nothing at all, ever'].map(encode);
const requests = questions.map((contextTokenIds) => continuations.map((continuationTokenIds) => ({ contextTokenIds, continuationTokenIds })));
const another = { contextTokenIds: encode('zebra'), continuationTokenIds: encode('!') };

const spent = { together: 0, alone: 0, all: 0 };
let difference = 0;
async function timed(way, work) {
  // A row that begins otherwise: nothing is there to be shared.
  await model.scoreContinuations([another], {}, context);
  const started = performance.now();
  const scores = await work();
  spent[way] += (performance.now() - started) / 1000;
  return scores;
}
for (const question of requests) {
  const together = await timed('together', () => model.scoreContinuations(question, {}, context));
  for (const [place, request] of question.entries()) {
    const [alone] = await timed('alone', () => model.scoreContinuations([request], {}, context));
    alone.logProbs.forEach((logProb, token) => (difference = Math.max(difference, Math.abs(logProb - together[place].logProbs[token]))));
  }
}
const all = requests.flat();
await timed('all', () => model.scoreContinuations(all, {}, context));
console.log(`${all.length} continuations of ${questions.length} questions of ${questions[0].length} tokens, ${values.threads} threads, load ${loadavg()[0].toFixed(1)}`);
console.log(`each alone ${spent.alone.toFixed(2)} s; those of a question together ${spent.together.toFixed(2)} s, ${(spent.alone / spent.together).toFixed(1)} times; all together ${spent.all.toFixed(2)} s, ${(spent.alone / spent.all).toFixed(1)} times`);
console.log(`largest difference of a token's log-probability: ${difference.toExponential(1)}`);
