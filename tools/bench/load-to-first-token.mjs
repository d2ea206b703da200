// From nothing to the first token, as a fresh worker of the evaluator takes it: Node starts, the modules and the native library load, the
// tokenizer and the weights are read, one prompt is read, one token chosen. The files are in the page cache, as after an import.
// Usage: node tools/build.mjs && node tools/bench/load-to-first-token.mjs --model FOLDER [--dtype bfloat16] [--runs 3]
import { spawnSync } from 'node:child_process';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printFigure, quantile, root } from './figure.mjs';

const limit = 1.5;
const { values } = parseArgs({ options: { model: { type: 'string' }, dtype: { type: 'string', default: 'bfloat16' }, runs: { type: 'string', default: '3' }, child: { type: 'boolean' } } });
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder (tunesmith model import makes one)');
if (values.child) await child();
else parent();

/** Each run is a process of its own; the first warms the page cache and does not count. */
function parent() {
  const runs = Array.from({ length: Number(values.runs) + 1 }, () => {
    const started = Date.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=tunesmith-worker', fileURLToPath(import.meta.url), '--child', '--model', values.model, '--dtype', values.dtype], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the worker failed: ${stderr}`);
    return { started, marks: JSON.parse(stdout) };
  }).slice(1);
  const seconds = runs.map(({ started, marks }) => (marks.at(-1).at - started) / 1000);
  const median = runs[seconds.indexOf(quantile(seconds, 0.5))];
  let before = { at: median.started, processor: 0 };
  for (const mark of median.marks) {
    console.log(`  ${mark.name}: ${((mark.at - before.at) / 1000).toFixed(2)} s, of a processor ${(mark.processor - before.processor).toFixed(2)} s`);
    before = mark;
  }
  printFigure('processor time of it all', before.processor, 's');
  printFigure('model load to first token', quantile(seconds, 0.5), 's', limit);
}

async function child() {
  enableCompileCache(); // as worker processes do
  const marks = [];
  const mark = (name) => {
    const { user, system } = process.cpuUsage();
    marks.push({ name, at: Date.now(), processor: (user + system) / 1e6 });
  };
  mark('Node starts');
  await import(join(root, 'services/evaluator/dist/worker.js'));
  const [{ generate }, { loadModel }, { ChatTemplate, Tokenizer }, { threads }] = await Promise.all(['generation', 'models', 'tokenizers', 'tensor'].map((room) => import(join(root, 'libs', room, 'dist/index.js'))));
  mark('modules');
  threads();
  mark('native library');
  const tokenizer = await Tokenizer.fromFolder(values.model);
  await ChatTemplate.fromFolder(values.model);
  mark('tokenizer');
  const { model } = await loadModel(values.model, { dtype: values.dtype });
  mark('weights');
  const requests = [{ tokenIds: tokenizer.encode('Tell me in one sentence what a blacksmith does all day.', { addSpecialTokens: true }) }];
  await generate(model, requests, { maxNewTokens: 1, stopTokenIds: [] }, { signal: new AbortController().signal, onProgress: () => undefined });
  mark('first token');
  console.log(JSON.stringify(marks));
}
