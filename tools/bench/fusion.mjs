// Fusion's two speed lines: tokens per second of storing distributions, ours and the same pass in transformers, taking turns on the same rows in one run;
// and the time of aligning 1,000 rows of 500 tokens on one core.
// Usage: node tools/build.mjs && node tools/bench/fusion.mjs --model FOLDER --source FOLDER [--source FOLDER] [--python PATH] [--dataset FILE.jsonl]
//        [--rows 24] [--runs 3] [--threads N] [--dtype bfloat16] [--top-k 10] [--peer-batch 4] [--aligned-rows 1000]
// FOLDER: Hugging Face folders (tunesmith model import makes them), the first the pivot, whose template writes the conversations; PATH: a Python that has
// torch and transformers; without it only ours is timed. Rows of FILE: {"messages"}.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printFigure, quantile, root } from './figure.mjs';
import { makeRows } from './made-rows.mjs';
import { Side } from './side.mjs';

const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const { values } = parseArgs({
  options: {
    model: { type: 'string' }, source: { type: 'string', multiple: true, default: [] }, python: { type: 'string' }, dataset: { type: 'string' },
    rows: { type: 'string', default: '24' }, runs: { type: 'string', default: '3' }, threads: { type: 'string', default: String(availableParallelism()) },
    dtype: { type: 'string', default: 'bfloat16' }, 'top-k': { type: 'string', default: '10' }, 'peer-batch': { type: 'string', default: '4' }, 'aligned-rows': { type: 'string', default: '1000' }, ours: { type: 'boolean' },
  },
});
if (!values.model) throw new Error('expected --model FOLDER, the pivot');
/** How many times faster than transformers storing has to be, and the seconds that alignment may take. */
const [storingGoal, alignmentLimit] = [2, 10];

async function compare() {
  for (const model of [values.model, ...values.source]) await storing(model);
  for (const source of values.source) await alignment(source);
}

async function storing(model) {
  const [{ encodeConversations }, { ChatTemplate, encodeWeighed, Tokenizer }] = [await room('datasets'), await room('tokenizers')];
  const [pivot, tokenizer, template] = [await Tokenizer.fromFolder(values.model), await Tokenizer.fromFolder(model), await ChatTemplate.fromFolder(values.model)];
  const format = { encodeForTraining: (reader, messages) => encodeWeighed(reader, template.weighedTexts(pivot, messages)) };
  const { rows } = await encodeConversations(conversations(Number(values.rows)).map((messages) => ({ messages, split: 'train', tags: [] })), tokenizer, format, { maxLength: 1e9 });
  const request = { rows: rows.map(({ tokenIds }) => tokenIds), masks: rows.map(({ lossMask }) => lossMask) };
  const tokens = request.rows.reduce((sum, row) => sum + row.length, 0);
  const ours = new Side(process.execPath, ['--no-warnings', fileURLToPath(import.meta.url), '--ours', '--model', model, '--threads', values.threads, '--dtype', values.dtype, '--top-k', values['top-k']], values.threads);
  const theirs = values.python ? new Side(values.python, [join(root, 'tools/bench/fusion-peer.py'), model, values.dtype, values.threads, values['top-k'], values['peer-batch']], values.threads) : undefined;
  await Promise.all([ours.answer(), theirs?.answer()]);
  const few = { rows: request.rows.slice(0, 2), masks: request.masks.slice(0, 2) };
  for (const side of [ours, theirs]) await side?.ask(few); // what is made on first use does not count
  const rounds = [];
  for (let run = 0; run < Number(values.runs); run += 1) rounds.push({ ours: await ours.ask(request), theirs: await theirs?.ask(request) });
  for (const [time, name] of [['seconds', 'by the clock'], ['processor', 'by processor time']]) {
    const rate = (side) => tokens / quantile(rounds.map((round) => round[side][time]), 0.5);
    const missed = theirs && time === 'seconds' && rate('ours') < storingGoal * rate('theirs');
    const beside = theirs ? `, transformers ${rate('theirs').toFixed(0)} tokens/s: ${(rate('ours') / rate('theirs')).toFixed(2)} times${time === 'seconds' ? ` (goal ${storingGoal}${missed ? ', MISSED' : ''})` : ''}` : '';
    console.log(`storing what ${basename(model)} expects of ${rows.length} rows, ${tokens} tokens, ${name}: ours ${rate('ours').toFixed(0)} tokens/s${beside}`);
    if (missed) process.exitCode = 1;
  }
  if (theirs) {
    const apart = rounds[0].ours.crossEntropies.map((loss, row) => Math.abs(loss - rounds[0].theirs.crossEntropies[row]));
    console.log(`  cross-entropies of rows differ by ${Math.max(...apart).toFixed(4)} nats at most`);
  }
  ours.end();
  theirs?.end();
}

/** One thread does it. */
async function alignment(source) {
  const [{ Tokenizer }, { TokenAligner, TokenSurfaces }] = [await room('tokenizers'), await room('fusion')];
  const [pivot, other] = [new TokenSurfaces(await Tokenizer.fromFolder(values.model)), new TokenSurfaces(await Tokenizer.fromFolder(source))];
  const wanted = Number(values['aligned-rows']);
  const rows = [];
  const text = conversations(6000).flatMap((messages) => messages.map(({ content }) => content)).join('\n');
  const ids = pivot.tokenizer.encode(text, { addSpecialTokens: false });
  for (let start = 0; rows.length < wanted; start = (start + 500) % (ids.length - 500)) rows.push(ids.slice(start, start + 500));
  const texts = rows.map((ids) => [ids.map((id) => pivot.of(id)), other.tokenizer.encode(pivot.tokenizer.decode(ids), { addSpecialTokens: false }).map((id) => other.of(id))]);
  const aligner = new TokenAligner('pivot-first');
  const started = process.cpuUsage();
  for (const [own, foreign] of texts) aligner.align(own, foreign);
  const { user, system } = process.cpuUsage(started);
  printFigure(`aligning ${wanted} rows of 500 tokens of ${basename(values.model)} with ${basename(source)}, processor time`, (user + system) / 1e6, 's', (alignmentLimit * wanted) / 1000);
}

function conversations(count) {
  const lines = values.dataset ? readFileSync(values.dataset, 'utf8') : makeRows(count, 200);
  return lines.split('\n').filter(Boolean).slice(0, count).map((line) => JSON.parse(line).messages);
}

async function answerLines() {
  const [{ representRows }, { loadForInference, longPass, tokenBatches }, { setThreads }] = [await room('fusion'), await room('generation'), await room('tensor')];
  setThreads(Number(values.threads));
  const loaded = await loadForInference(values.model, { dtype: values.dtype });
  console.log(JSON.stringify({ ready: true }));
  for await (const line of createInterface(process.stdin)) {
    const { rows, masks } = JSON.parse(line);
    const encoded = rows.map((tokenIds, index) => ({ tokenIds, lossMask: masks[index], index }));
    const started = performance.now();
    const before = process.cpuUsage();
    const crossEntropies = [];
    for (const batch of tokenBatches(encoded, ({ tokenIds }) => tokenIds.length, { tokens: 2048 })) {
      crossEntropies.push(...longPass(() => representRows(loaded, batch, Number(values['top-k']))).map(({ crossEntropy }) => crossEntropy));
    }
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, processor: (user + system) / 1e6, crossEntropies }));
  }
}

if (values.ours) await answerLines();
else await compare();
