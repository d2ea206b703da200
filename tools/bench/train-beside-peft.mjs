// Tuning beside transformers and peft in a loop of their own (train-beside-peft-peer.py), taking turns in one run: the same model, rows, order, batch, rank, rate and
// steps. On the CPU, or with TUNESMITH_DEVICE=cuda in the environment on a GPU.
// Usage: node tools/build.mjs && node tools/bench/train-beside-peft.mjs --model FOLDER --python PATH [--method lora|full] [--batch 4] [--steps 42]
//        [--row-tokens 166] [--lr 1e-4] [--rounds 1] [--threads N]
// PATH: a Python that has torch (on a GPU: with CUDA), transformers and peft. Rates leave out the first two steps.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printFigure, quantile, root } from './figure.mjs';
import { makeRows } from './made-rows.mjs';

const text = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({ options: { model: { type: 'string' }, python: { type: 'string' }, method: text('lora'), batch: text(4), steps: text(42), 'row-tokens': text(166), lr: text(1e-4), rounds: text(1), threads: text(availableParallelism()) } });
if (!values.model || !values.python) throw new Error('expected --model FOLDER, a Hugging Face folder in bfloat16, and --python PATH, a Python that has torch, transformers and peft');
const device = process.env.TUNESMITH_DEVICE ?? 'cpu';
const [batch, steps, warmUp] = [Number(values.batch), Number(values.steps), 2];

const scratch = mkdtempSync(join(tmpdir(), 'tunesmith-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const dataset = join(scratch, 'rows.jsonl');
writeFileSync(dataset, makeRows(batch * steps, Number(values['row-tokens'])));

/** The last line that a program prints, as JSON. */
function answer(command, args) {
  const lines = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 }).trim().split('\n');
  return JSON.parse(lines.at(-1));
}

function ours() {
  const args = ['--model', values.model, '--dataset', dataset, '--method', values.method, '--rank', '8', '--alpha', '16', '--batch', values.batch, '--steps', values.steps, '--lr', values.lr, '--threads', values.threads, '--json'];
  return answer(process.execPath, ['--no-warnings', join(root, 'tools/bench/train.mjs'), ...args]);
}

function theirs() {
  const settings = { model: values.model, dataset, device, method: values.method, batch, steps, warmUp, threads: Number(values.threads), learningRate: Number(values.lr) };
  return answer(values.python, [join(root, 'tools/bench/train-beside-peft-peer.py'), JSON.stringify(settings)]);
}

const rounds = Array.from({ length: Number(values.rounds) }, () => ({ peer: theirs(), mine: ours() }));
const median = (side) => quantile(rounds.map((round) => round[side].rowsPerSecond), 0.5);
printFigure('ours', median('mine'), 'rows/s');
printFigure('transformers and peft', median('peer'), 'rows/s');
printFigure('ratio', median('mine') / median('peer'), 'times');
const { mine, peer } = rounds.at(-1);
const last = (loss) => loss.slice(-3).reduce((sum, each) => sum + each, 0) / 3;
printFigure('loss of the last three steps, ours', last(mine.loss), 'nats', undefined, 4);
printFigure('loss of the last three steps, transformers and peft', last(peer.loss), 'nats', undefined, 4);
