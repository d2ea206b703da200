// Chat rows tokenized, masked and packed, a second of processor time: ours and Hugging Face's (datasets, a fast tokenizer, TRL's packing) on the same rows,
// taking turns in one run, each on one thread. Rows are in memory on both sides when the clock starts.
// Usage: node tools/build.mjs && node tools/bench/datasets.mjs --model FOLDER --data FILE_OR_FOLDER [--python PATH] [--rows 100000] [--length 2048] [--runs 1]
// FOLDER: a Hugging Face folder; FILE_OR_FOLDER: rows as dataset push reads them. Each row is made of a question and an answer of the data, with one word in a
// hundred replaced by one that stands nowhere else, as names do.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile, root } from './figure.mjs';

const options = {
  model: { type: 'string' }, data: { type: 'string' }, python: { type: 'string' }, rows: { type: 'string', default: '100000' }, length: { type: 'string', default: '2048' }, runs: { type: 'string', default: '1' }, ours: { type: 'string' },
};
const { values } = parseArgs({ options });
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder (tunesmith model import makes one)');
const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));
const runs = Number(values.runs);
const length = Number(values.length);

if (values.ours) await measure(values.ours);
else await compare();

async function compare() {
  if (!values.data) throw new Error('expected --data FILE_OR_FOLDER, rows as dataset push reads them');
  const folder = mkdtempSync(join(tmpdir(), 'bench-datasets-'));
  try {
    const file = join(folder, 'rows.jsonl');
    writeFileSync(file, await makeRows(folder));
    const sides = { ours: [process.execPath, '--no-warnings', fileURLToPath(import.meta.url), '--model', values.model, '--ours', file, '--length', values.length, '--runs', '1'] };
    if (values.python) sides.theirs = [values.python, join(root, 'tools/bench/datasets-peer.py'), values.model, file, values.length, '1'];
    const seen = { ours: [], theirs: [] };
    for (let run = 0; run < runs; run += 1) for (const [side, command] of Object.entries(sides)) seen[side].push(await lastLine(command));
    const count = readFileSync(file, 'utf8').split('\n').length - 1;
    const rate = (side, of) => count / quantile(seen[side].map((each) => each[of]), 0.5);
    for (const side of Object.keys(sides)) {
      const { tokens, trained, packs } = seen[side][0];
      console.log(`${side}: ${rate(side, 'processor').toFixed(0)} rows a second of processor time, ${rate(side, 'seconds').toFixed(0)} by the clock; ${tokens} tokens, ${trained} trained, in ${packs} packs of ${length}`);
    }
    if (!values.python) return;
    const ratio = rate('ours', 'processor') / rate('theirs', 'processor');
    console.log(`per core: ${ratio.toFixed(2)} times Hugging Face's (goal at least 1${ratio < 1 ? ', MISSED' : ''})`);
    if (ratio < 1 || seen.ours[0].tokens !== seen.theirs[0].tokens || seen.ours[0].trained !== seen.theirs[0].trained) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function makeRows(folder) {
  const { collectRows, counterUniform, importDataset } = await room('datasets');
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  await importDataset(values.data, join(folder, 'data'), { skipInvalid: true }, context);
  const pairs = (await collectRows(join(folder, 'data'))).filter(({ messages }) => messages.length >= 2).map(({ messages }) => messages.slice(-2).map(({ content }) => content));
  const rename = (text, row, stream) => {
    const words = text.split(' ');
    return words.map((word, place) => (counterUniform(row, stream, place) < 0.01 ? `${Math.floor(counterUniform(row, stream + 1, place) * 1e9).toString(36).replace(/\d/g, 'a')}` : word)).join(' ');
  };
  return Array.from({ length: Number(values.rows) }, (_, row) => {
    const [question] = pairs[row % pairs.length];
    const [, answer] = pairs[Math.floor(counterUniform(row, 9, 0) * pairs.length)];
    return `${JSON.stringify({ messages: [{ role: 'user', content: rename(question, row, 1) }, { role: 'assistant', content: rename(answer, row, 3) }] })}\n`;
  }).join('');
}

async function measure(file) {
  const { bestFit, encodeConversations, packRows } = await room('datasets');
  const { ChatTemplate, Tokenizer } = await room('tokenizers');
  const [tokenizer, template] = [await Tokenizer.fromFolder(values.model), await ChatTemplate.fromFolder(values.model)];
  const rows = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => ({ ...JSON.parse(line), split: 'train', tags: [] }));
  for (let run = 0; run < runs; run += 1) {
    const [before, began] = [process.cpuUsage(), performance.now()];
    const { rows: encoded } = await encodeConversations(rows, tokenizer, template, { maxLength: length, longRows: 'truncate' });
    let tokens = 0;
    let trained = 0;
    const bins = bestFit(encoded.map(({ tokenIds }) => tokenIds.length), length);
    for (const bin of bins) {
      const packed = packRows(bin.map((index) => encoded[index]));
      tokens += packed.tokenIds.length;
      trained += packed.trainedTokens;
    }
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, processor: (user + system) / 1e6, tokens, trained, packs: bins.length }));
  }
}

function lastLine([command, ...words]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let last;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) last = JSON.parse(line);
    });
    child.on('close', (code) => (code === 0 && last ? resolve(last) : reject(new Error(`${command} ended with ${code} and said nothing`))));
  });
}
