// Seconds that a layer takes to become packed levels, by the clock and by processor time, for each way of packing: some layers of a model, then it stops; the
// first, with which the embedding is read, does not count. Calibrating ones read rows of drawn tokens: what they cost depends on how many there are, not on
// what they say.
// --operators also prints where the time went.
// Usage: node tools/build.mjs && node tools/bench/quantize-hf.mjs --model FOLDER [--to gptq-int4,awq-int4] [--layers 2] [--rows 34] [--tokens 200] [--threads N] [--group-size N] [--operators]
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printFigure, root } from './figure.mjs';

const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    to: { type: 'string', default: 'rtn-int4,hqq-int4,gptq-int4,awq-int4,w8a8' },
    layers: { type: 'string', default: '2' },
    rows: { type: 'string', default: '34' },
    tokens: { type: 'string', default: '200' },
    threads: { type: 'string', default: String(availableParallelism()) },
    'group-size': { type: 'string' },
    operators: { type: 'boolean', default: false },
  },
});
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder (tunesmith model import makes one)');

const [{ exportHf, hfTargets, openSourceModel }, { setThreads, startProfile, stopProfile }] = await Promise.all(['quantization', 'tensor'].map(room));
setThreads(Number(values.threads));
const layers = Number(values.layers);
await using model = await openSourceModel(values.model);
const vocabulary = model.configJson.vocab_size;
let state = 7;
const draw = () => (state = (state * 48271) % 2147483647) % vocabulary;
const rows = Array.from({ length: Number(values.rows) }, (_, index) => ({ index, tokenIds: Array.from({ length: Number(values.tokens) }, draw), lossMask: new Array(Number(values.tokens)).fill(true) }));
const folder = mkdtempSync(join(tmpdir(), 'tunesmith-bench-quantize-hf-'));
try {
  for (const name of values.to.split(',')) {
    const target = hfTargets.find((each) => each.name === name);
    if (!target) throw new Error(`expected targets of hf/, without the hf/; got ${name}`);
    const marks = [];
    const stop = new AbortController();
    // From the end of the first layer to that of the last.
    const mark = () => marks.push({ clock: performance.now() / 1000, processor: process.cpuUsage() });
    const onProgress = ({ done }) => {
      mark();
      if (done === 1 && values.operators) startProfile();
      if (done === layers + 1) stop.abort(new Error('enough'));
    };
    const run = () => exportHf(model, target, { ...(values['group-size'] && { groupSize: Number(values['group-size']) }) }, join(folder, name), { signal: stop.signal, onProgress }, { calibration: rows }).catch((error) => {
      if (!stop.signal.aborted) throw error;
    });
    await run();
    const operators = values.operators ? stopProfile() : [];
    const seconds = (of) => (marks[layers] && of(marks[layers]) - of(marks[0])) / layers;
    const processor = ({ processor: { user, system } }) => (user + system) / 1e6;
    printFigure(`${name}, a layer of ${layers}, processor time (load ${loadavg()[0].toFixed(1)})`, seconds(processor), 's');
    printFigure(`${name}, a layer by the clock`, seconds(({ clock }) => clock), 's');
    for (const { name: operator, calls, seconds: took } of operators.slice(0, 12)) console.log(`    ${operator}: ${calls} calls, ${(took / layers).toFixed(2)} s a layer`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
