// Gigabytes per second of the merge methods alone, ours and mergekit's taking turns on the same weights in memory in one run: no files, no start-up. What is
// counted are the bytes that a method has to read and write once.
// Usage: node tools/build.mjs && node tools/bench/merge-methods.mjs --python PATH [--methods linear,ties,…] [--layers 24] [--vocabulary 151936] [--runs 1] [--threads N]
// PATH: a Python that has mergekit 0.1.5. The weights (three models and a base, random, bfloat16) have the shapes of Qwen2.5-0.5B; --layers and --vocabulary make them fewer.
import { spawn } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile, root } from './figure.mjs';

const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const withDelta = { weight: 0.4, density: 0.5 };
/** Parameters, how many models, whether a base. */
const settings = {
  linear: [{ weight: 0.3 }, 3, false],
  slerp: [{ t: 0.4 }, 1, true],
  nuslerp: [{ weight: 0.5 }, 2, false],
  multislerp: [{ weight: 0.3 }, 3, false],
  karcher: [{}, 3, false],
  task_arithmetic: [{ weight: 0.4 }, 3, true],
  ties: [withDelta, 3, true],
  dare_linear: [withDelta, 3, true],
  dare_ties: [withDelta, 3, true],
  della: [{ ...withDelta, epsilon: 0.1 }, 3, true],
  della_linear: [{ ...withDelta, epsilon: 0.1 }, 3, true],
  breadcrumbs: [{ weight: 0.4, density: 0.9, gamma: 0.01 }, 3, true],
  breadcrumbs_ties: [{ weight: 0.4, density: 0.9, gamma: 0.01 }, 3, true],
  model_stock: [{}, 3, true],
  nearswap: [{ t: 0.01 }, 1, true],
  arcee_fusion: [{}, 1, true],
  sce: [{ select_topk: 0.1 }, 3, true],
  varm: [{}, 3, true],
  widen: [{}, 3, true],
};
/** mergekit has no such method. */
const alone = ['varm', 'widen'];
const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    methods: { type: 'string', default: Object.keys(settings).join() },
    layers: { type: 'string', default: '24' },
    vocabulary: { type: 'string', default: '151936' },
    runs: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(availableParallelism()) },
    ours: { type: 'boolean' },
  },
});

/** Every weight of a layer and how often it occurs: each is merged once and counted as often. */
function shapes() {
  const [hidden, inner, keyValues] = [896, 4864, 128];
  const layers = Number(values.layers);
  return [
    [[Number(values.vocabulary), hidden], 1], [[hidden], 2 * layers + 1], [[inner, hidden], 2 * layers], [[hidden, inner], layers], [[hidden, hidden], 2 * layers], [[keyValues, hidden], 2 * layers],
  ];
}

/** Answers each line, a method's name, with the seconds that all weights take. */
async function answer() {
  const [{ findMergeMethod, MergeParameters }, { manualSeed, noGrad, ops, randn, scope, setThreads }] = await Promise.all([room('merging'), room('tensor')]);
  setThreads(Number(values.threads));
  manualSeed(1);
  const weights = shapes().map(([shape, times]) => {
    const base = ops.mulScalar(randn(shape, { dtype: 'bfloat16' }), 0.02);
    return { times, base, models: Array.from({ length: 3 }, () => ops.add(base, ops.mulScalar(randn(shape, { dtype: 'bfloat16' }), 0.002))) };
  });
  console.log('ready');
  for await (const name of createInterface(process.stdin)) {
    const method = findMergeMethod(name);
    const [given, count, withBase] = settings[name];
    const parameters = new MergeParameters(method, given, count);
    let seconds = 0;
    for (const { times, base, models } of weights) {
      const input = { name: 'weight', role: 'other', transposed: false, base: withBase ? base : null, models: models.slice(0, count), update: null, seed: 1, findings: null };
      const started = performance.now();
      scope(() => noGrad(() => void method.merge(input, parameters)));
      seconds += (times * (performance.now() - started)) / 1000;
    }
    console.log(String(seconds));
  }
}

/** A process that merges what it is asked. */
class Side {
  constructor(command, args) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, HF_HUB_OFFLINE: '1' } });
    this.lines = createInterface(this.process.stdout)[Symbol.asyncIterator]();
  }

  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('a side has ended; its message stands above');
    return value;
  }

  async seconds(method) {
    this.process.stdin.write(`${method}\n`);
    return Number(await this.answer());
  }
}

async function compare() {
  if (!values.python) throw new Error('expected --python PATH, a Python that has mergekit 0.1.5');
  const sizes = ['--layers', values.layers, '--vocabulary', values.vocabulary, '--threads', values.threads];
  const ours = new Side(process.execPath, ['--no-warnings', fileURLToPath(import.meta.url), '--ours', ...sizes]);
  const theirs = new Side(values.python, [join(root, 'tools/bench/merge-methods-peer.py'), JSON.stringify({ shapes: shapes(), settings, threads: Number(values.threads) })]);
  await Promise.all([ours.answer(), theirs.answer()]);
  const elements = shapes().reduce((sum, [shape, times]) => sum + times * shape.reduce((product, size) => product * size), 0);
  console.log(`${(elements / 1e6).toFixed(0)} million weights, bfloat16, ${values.threads} threads, load ${loadavg()[0].toFixed(1)}`);
  for (const method of values.methods.split(',')) {
    const [, count, withBase] = settings[method];
    const gigabytes = (elements * 2 * (count + (withBase ? 1 : 0) + 1)) / 1e9;
    const rounds = [];
    for (let run = 0; run < Number(values.runs); run += 1) rounds.push([await ours.seconds(method), alone.includes(method) ? NaN : await theirs.seconds(method)]);
    const [own, peer] = [0, 1].map((side) => quantile(rounds.map((round) => round[side]), 0.5));
    console.log(`${method}: ${own.toFixed(2)} s, ${(gigabytes / own).toFixed(1)} GB/s${Number.isNaN(peer) ? '' : `; mergekit ${peer.toFixed(2)} s, ${(gigabytes / peer).toFixed(1)} GB/s: ${(peer / own).toFixed(1)} times`}`);
  }
  for (const side of [ours, theirs]) side.process.stdin.end();
}

await (values.ours ? answer() : compare());
