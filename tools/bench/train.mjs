// How fast we tune: rows and tokens per second, memory, the share of processor time in matrix products, the loss of each step.
// Usage: node tools/build.mjs && node tools/bench/train.mjs --model FOLDER|FILE.gguf --dataset FILE.jsonl [--method lora|full] [--rank 8] [--alpha 32]
//        [--batch 4] [--steps 20] [--max-length 1024] [--lr 1e-4] [--seed 1] [--dtype bfloat16] [--order file] [--threads N] [--operators 12] [--json]
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { importDataset } from '../../libs/datasets/dist/index.js';
import { importModel } from '../../libs/models/dist/index.js';
import { setThreads, startProfile, stopProfile } from '../../libs/tensor/dist/index.js';
import { trainModel } from '../../libs/training/dist/index.js';
import { quantile } from './figure.mjs';

const text = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: {
    model: { type: 'string' }, dataset: { type: 'string' }, method: text('lora'), rank: text(8), alpha: text(32), batch: text(4), steps: text(20), 'max-length': text(1024),
    lr: text(1e-4), seed: text(1), dtype: text('bfloat16'), order: text('file'), threads: text(availableParallelism()), operators: text(12), json: { type: 'boolean', default: false },
  },
});
if (!values.model || !values.dataset) throw new Error('expected --model FOLDER|FILE.gguf and --dataset FILE.jsonl');

/** Steps that fill caches; left out of the rates. */
const warmUp = 2;

const scratch = mkdtempSync(join(tmpdir(), 'tunesmith-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const signal = new AbortController().signal;
const quiet = { signal, onProgress() {} };
setThreads(Number(values.threads));

const modelFolder = statSync(values.model).isDirectory() ? values.model : join(scratch, 'model');
if (modelFolder !== values.model) await importModel(values.model, modelFolder, quiet);
const datasetFolder = join(scratch, 'dataset');
await importDataset(values.dataset, datasetFolder, { validationShare: 0 }, quiet);

const marks = [];
const steps = Number(values.steps);
if (!(steps > warmUp)) throw new Error(`expected more than ${warmUp} steps, the first ${warmUp} of which warm up`);
const report = await trainModel(
  {
    modelFolder, datasetFolder,
    method: values.method === 'lora'
      ? { kind: 'lora', rank: Number(values.rank), alpha: Number(values.alpha), dropout: 0, targetModules: 'all-linear', rankStabilized: false, decomposed: false, initialization: 'zero', learningRateRatio: 1, base: 'as-is' }
      : { kind: values.method },
    objective: { kind: 'sft', lossScale: 'default' }, optimizer: { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 }, neftuneAlpha: 0,
    maxLength: Number(values['max-length']), longRows: 'truncate', packing: false, batch: Number(values.batch), accumulate: 1, epochs: 1, steps, learningRate: Number(values.lr),
    schedule: 'constant', warmupRatio: 0, maxGradientNorm: 1, seed: Number(values.seed), order: values.order, dtype: values.dtype, keep: 'last',
  },
  join(scratch, 'out'),
  {
    signal,
    onProgress({ phase, done, metrics }) {
      if (phase !== 'train' || !metrics) return;
      marks.push({ clock: performance.now(), processor: process.cpuUsage(), tokensPerSecond: metrics.tokensPerSecond });
      if (done === warmUp) startProfile();
    },
  },
);
const operators = stopProfile();

const seconds = marks.slice(1).map(({ clock }, index) => (clock - marks[index].clock) / 1000).slice(warmUp - 1);
const processor = marks.slice(1).map((mark, index) => {
  const [before, after] = [marks[index].processor, mark.processor];
  return (after.user + after.system - before.user - before.system) / 1e6;
}).slice(warmUp - 1);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const tokens = report.tokensPerSecond * report.seconds; // of all steps, which are alike but for the rows in them
// Our linear kernel packs, multiplies and rounds: all but a few percent of it is multiplying.
const isProduct = ({ name }) => /^aten::(mm|addmm_?|bmm|baddbmm|addmv|mv)$|joined_linear|JoinedLinear>$/.test(name) && !name.startsWith('autograd::');
const isAttention = ({ name }) => /attention/i.test(name) && !name.startsWith('autograd::');
const operatorSeconds = sum(operators.map((operator) => operator.seconds));
const share = (chosen) => sum(operators.filter(chosen).map((operator) => operator.seconds)) / sum(processor);

const result = {
  steps, threads: Number(values.threads), loss: report.loss,
  secondsPerStep: quantile(seconds, 0.5), processorSecondsPerStep: quantile(processor, 0.5), leastProcessorSecondsPerStep: Math.min(...processor),
  rowsPerSecond: ((steps - warmUp) * Number(values.batch)) / sum(seconds), tokensPerSecond: (tokens * (steps - warmUp)) / steps / sum(seconds),
  peakMemoryBytes: report.peakMemoryBytes, peakResidentBytes: Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024,
  shareInProducts: share(isProduct), shareInAttention: share(isAttention), shareOutsideOperators: 1 - operatorSeconds / sum(processor),
  operators: operators.slice(0, Number(values.operators)),
};
if (values.json) console.log(JSON.stringify(result));
else {
  const percent = (number) => `${(100 * number).toFixed(1)} %`;
  console.log(`${values.method}, ${values.dtype}, batch ${values.batch}, ${(tokens / steps / Number(values.batch)).toFixed(0)} tokens a row, ${values.threads} threads`);
  console.log(`rows/s ${result.rowsPerSecond.toFixed(2)}, tokens/s ${result.tokensPerSecond.toFixed(0)}, seconds a step ${result.secondsPerStep.toFixed(3)} (processor ${result.processorSecondsPerStep.toFixed(3)}, least ${result.leastProcessorSecondsPerStep.toFixed(3)})`);
  console.log(`peak memory: tensors ${(result.peakMemoryBytes / 1e6).toFixed(0)} MB, process ${(result.peakResidentBytes / 1e6).toFixed(0)} MB`);
  console.log(`processor time in matrix products ${percent(result.shareInProducts)}, in attention ${percent(result.shareInAttention)}, outside operators ${percent(result.shareOutsideOperators)}`);
  for (const { name, calls, seconds: taken } of result.operators) console.log(`  ${percent(taken / sum(processor)).padStart(7)} ${String(calls).padStart(7)} calls ${name}`);
  console.log(`loss ${report.loss.map((loss) => loss.toFixed(4)).join(' ')}`);
}
