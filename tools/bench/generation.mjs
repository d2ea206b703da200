// Tokens per second of greedy generation, ours and transformers', taking turns on the same prompts in one run. End tokens are ignored, so that both do
// the same work.
// Usage: node tools/build.mjs && node tools/bench/generation.mjs --model FOLDER --python PATH [--dataset FILE.jsonl] [--batches 1,32] [--new-tokens 128]
//        [--runs 3] [--threads N] [--dtype bfloat16] [--peer-dtype bfloat16]    On a GPU: with TUNESMITH_DEVICE=cuda.
// FOLDER: a Hugging Face folder (tunesmith model import makes one); PATH: a Python that has torch and transformers. Rows of FILE: {"prompt"} or {"messages"}.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile, root } from './figure.mjs';
import { Side } from './side.mjs';

const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const options = {
  model: { type: 'string' },
  python: { type: 'string' },
  dataset: { type: 'string' },
  batches: { type: 'string', default: '1,32' },
  'new-tokens': { type: 'string', default: '128' },
  runs: { type: 'string', default: '3' },
  threads: { type: 'string', default: String(availableParallelism()) },
  dtype: { type: 'string', default: 'bfloat16' },
  'peer-dtype': { type: 'string' },
  ours: { type: 'boolean' },
};
const builtIn = [
  'The capital of France is', 'Once upon a time there was a small village where', 'In mathematics, a prime number is', 'To bake bread you need', 'The sun rises in the east because',
  'A list of the largest cities of Europe:', 'def fibonacci(n):', 'Dear customer, thank you for your message about', 'The three laws of thermodynamics say that', 'Water boils at a lower temperature in the mountains because',
  'My grandmother always told me that', 'How to change the tyre of a bicycle: first,', 'The French Revolution began in', 'SELECT name, price FROM', 'Good evening, and welcome to', 'The difference between a virus and a bacterium is that',
];
const { values } = parseArgs({ options });
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder (tunesmith model import makes one)');
/** How many times faster than the peer generation has to be, by batch. */
function goal(batch) {
  return batch === 1 ? 1.5 : batch >= 32 ? 3 : undefined;
}

async function compare() {
  if (!values.python) throw new Error('expected --python PATH, a Python that has torch and transformers');
  const { Tokenizer } = await room('tokenizers');
  const tokenizer = await Tokenizer.fromFolder(values.model);
  const prompts = readPrompts().map((text) => tokenizer.encode(text, { addSpecialTokens: true }));
  const ours = new Side(process.execPath, ['--no-warnings', fileURLToPath(import.meta.url), '--ours', '--model', values.model, '--threads', values.threads, '--dtype', values.dtype], values.threads);
  const theirs = new Side(values.python, [join(root, 'tools/bench/generation-peer.py'), values.model, values['peer-dtype'] ?? values.dtype, values.threads], values.threads);
  await Promise.all([ours.answer(), theirs.answer()]);
  const newTokens = Number(values['new-tokens']);
  for (const batch of values.batches.split(',').map(Number)) {
    const rows = Array.from({ length: batch }, (_, row) => prompts[row % prompts.length]);
    for (const side of [ours, theirs]) await side.ask({ rows, new: 4 }); // what is made on first use does not count
    const rounds = [];
    for (let run = 0; run < Number(values.runs); run += 1) rounds.push({ ours: await ours.ask({ rows, new: newTokens }), theirs: await theirs.ask({ rows, new: newTokens }) });
    const rate = (side, time) => (batch * newTokens) / quantile(rounds.map((round) => round[side][time]), 0.5);
    for (const [time, name] of [['seconds', 'by the clock'], ['processor', 'by processor time']]) {
      const ratio = rate('ours', time) / rate('theirs', time);
      const wanted = time === 'seconds' ? goal(batch) : undefined;
      console.log(`batch ${batch}, ${name}: ours ${rate('ours', time).toFixed(1)} tokens/s, transformers ${rate('theirs', time).toFixed(1)} tokens/s: ${ratio.toFixed(2)} times${wanted ? ` (goal ${wanted}${ratio < wanted ? ', MISSED' : ''})` : ''}`);
      if (wanted && ratio < wanted) process.exitCode = 1;
    }
    const alike = rows.map((_, row) => commonStart(rounds[0].ours.tokens[row], rounds[0].theirs.tokens[row]));
    console.log(`  the same tokens to the end in ${alike.filter((count) => count === newTokens).length} of ${batch} rows; before the first other one ${(alike.reduce((sum, count) => sum + count, 0) / batch).toFixed(0)} tokens on average`);
  }
  ours.end();
  theirs.end();
}

function readPrompts() {
  if (!values.dataset) return builtIn;
  const rows = readFileSync(values.dataset, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return rows.slice(0, 64).map((row) => row.prompt ?? row.messages.find(({ role }) => role === 'user').content);
}

function commonStart(ours, theirs) {
  const other = ours.findIndex((token, place) => token !== theirs[place]);
  return other < 0 ? ours.length : other;
}

async function answerLines() {
  const [{ generate }, { loadModel }, { setThreads }] = await Promise.all(['generation', 'models', 'tensor'].map(room));
  setThreads(Number(values.threads));
  const { model } = await loadModel(values.model, { dtype: values.dtype });
  console.log(JSON.stringify({ ready: true }));
  for await (const line of createInterface(process.stdin)) {
    const { rows, new: maxNewTokens } = JSON.parse(line);
    const started = performance.now();
    const before = process.cpuUsage();
    const generations = await generate(model, rows.map((tokenIds) => ({ tokenIds })), { maxNewTokens, stopTokenIds: [] }, { signal: new AbortController().signal, onProgress: () => undefined });
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, processor: (user + system) / 1e6, tokens: generations.map(({ tokenIds }) => tokenIds) }));
  }
}

if (values.ours) await answerLines();
else await compare();
