// Tuning beside ms-swift at its best (sdpa, no gradient checkpointing) in one run: the same model, rows, order, batch, rank, rate and steps.
// Usage: node tools/build.mjs && node tools/bench/train-beside-ms-swift.mjs --model FOLDER [--dataset FILE.jsonl] [--method lora|full] [--batch 4] [--steps 12]
//        [--max-length 1024] [--lr 1e-4] [--row-tokens 166] [--model-type llama] [--rounds 1] [--peers FOLDER] [--threads 2]
//        [--dtype bfloat16] [--peer-dtype bfloat16|float32]: a processor without bfloat16 products serves both better in float32.
// Without --dataset rows of about --row-tokens tokens are made. Rates leave out the first two steps; memory is the highest resident size of the process.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { printFigure, quantile, root } from './figure.mjs';
import { makeRows } from './made-rows.mjs';
import { pythonPeers } from '../python-peers.mjs';

const text = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: {
    model: { type: 'string' }, dataset: { type: 'string' }, method: text('lora'), batch: text(4), steps: text(12), 'max-length': text(1024), lr: text(1e-4), 'row-tokens': text(166),
    'model-type': text('llama'), rounds: text(1), peers: { type: 'string' }, dtype: text('bfloat16'), 'peer-dtype': text('bfloat16'), threads: text(availableParallelism()),
  },
});
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder in bfloat16 (tunesmith model export NAME --out FOLDER)');
const [batch, steps, rounds] = [Number(values.batch), Number(values.steps), Number(values.rounds)];
const warmUp = 2;

const scratch = mkdtempSync(join(tmpdir(), 'tunesmith-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const dataset = join(scratch, 'rows.jsonl');
writeFileSync(dataset, values.dataset ? withSystem(readFileSync(values.dataset, 'utf8')) : makeRows(batch * steps, Number(values['row-tokens'])));
const python = pythonPeers(values.peers);

/** Both templates would add a default system message of their own; an explicit one makes the tokens the same. */
function withSystem(lines) {
  const rows = lines.split('\n').filter((line) => line.trim() !== '').slice(0, batch * steps).map((line) => JSON.parse(line));
  if (rows.length < batch * steps) throw new Error(`--dataset: expected at least ${batch * steps} rows, batch times steps; got ${rows.length}`);
  const system = { role: 'system', content: 'You are a helpful assistant.' };
  return rows.map(({ messages }) => `${JSON.stringify({ messages: messages[0].role === 'system' ? messages : [system, ...messages] })}\n`).join('');
}

/** Runs a program; calls `onLine` for each line of its output and measures the highest resident memory of it and what it starts. */
function watch(command, args, env, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let peakBytes = 0;
    const timer = setInterval(() => {
      try {
        peakBytes = Math.max(peakBytes, Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024);
        for (const pid of readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').filter(Boolean)) {
          peakBytes = Math.max(peakBytes, Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024);
        }
      } catch {
        // It has just ended.
      }
    }, 100);
    let last = '';
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => onLine((last = line)));
    child.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve(peakBytes);
      else reject(new Error(`${command} ended with ${code}: ${last}`));
    });
  });
}

async function theirs() {
  const marks = [];
  const loss = [];
  const tuner = values.method === 'lora' ? ['--tuner_type', 'lora', '--lora_rank', '8', '--lora_alpha', '16', '--lora_dropout', '0', '--target_modules', 'all-linear'] : ['--tuner_type', 'full'];
  const settings = {
    model: values.model, model_type: values['model-type'], template: 'chatml', dataset, torch_dtype: values['peer-dtype'], use_cpu: 'true', gradient_checkpointing: 'false', attn_impl: 'sdpa', report_to: 'none', use_hf: 'true',
    save_strategy: 'no', max_steps: steps, per_device_train_batch_size: batch, gradient_accumulation_steps: 1, learning_rate: values.lr, lr_scheduler_type: 'constant', warmup_ratio: 0, weight_decay: 0, adam_beta2: 0.999,
    logging_steps: 1, seed: 1, dataset_shuffle: 'false', train_dataloader_shuffle: 'false', max_length: values['max-length'], split_dataset_ratio: 0, dataloader_num_workers: 0, output_dir: join(scratch, 'swift'),
  };
  const args = ['sft', ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]), ...tuner];
  const peakBytes = await watch(join(python, 'bin', 'swift'), args, { HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: values.threads, PYTHONUNBUFFERED: '1' }, (line) => {
    // A progress bar shares the line; the last record on it is the new one.
    const found = [...line.matchAll(/'loss': '?([\d.]+)/g)].at(-1);
    if (!found) return;
    marks.push(performance.now());
    loss.push(Number(found[1]));
  });
  const seconds = marks.slice(1).map((mark, index) => (mark - marks[index]) / 1000).slice(warmUp - 1);
  return { rowsPerSecond: (seconds.length * batch) / seconds.reduce((sum, each) => sum + each, 0), loss: loss.slice(0, steps), peakBytes };
}

async function ours() {
  let result;
  const args = [join(root, 'tools/bench/train.mjs'), '--model', values.model, '--dataset', dataset, '--method', values.method, '--rank', '8', '--alpha', '16', '--batch', String(batch), '--steps', String(steps)];
  args.push('--max-length', values['max-length'], '--lr', values.lr, '--threads', values.threads, '--dtype', values.dtype, '--json');
  await watch(process.execPath, args, { OMP_NUM_THREADS: values.threads }, (line) => {
    if (line.startsWith('{')) result = JSON.parse(line);
  });
  return { ...result, peakBytes: result.peakResidentBytes };
}

const rates = [];
let [mine, peer] = [];
for (let round = 0; round < rounds; round += 1) {
  peer = await theirs();
  mine = await ours();
  rates.push({ mine: mine.rowsPerSecond, peer: peer.rowsPerSecond, ratio: mine.rowsPerSecond / peer.rowsPerSecond });
  console.log(`round ${round + 1}: ours ${mine.rowsPerSecond.toFixed(2)} rows/s, ms-swift ${peer.rowsPerSecond.toFixed(2)} rows/s, ${(mine.rowsPerSecond / peer.rowsPerSecond).toFixed(2)} times`);
}
const median = (key) => quantile(rates.map((rate) => rate[key]), 0.5);
printFigure('ours', median('mine'), 'rows/s');
printFigure('ms-swift', median('peer'), 'rows/s');
printFigure('ratio', median('ratio'), 'times');
printFigure('tokens a second, ours', mine.tokensPerSecond, 'tokens/s', undefined, 0);
printFigure('share of processor time in matrix products', 100 * mine.shareInProducts, '%', undefined, 1);
printFigure('peak resident memory, ours', mine.peakBytes / 2 ** 20, 'MiB', undefined, 0);
printFigure('peak resident memory, ms-swift', peer.peakBytes / 2 ** 20, 'MiB', undefined, 0);
// One batch's loss is of that batch's rows: the last three together tell more.
const last = (loss) => loss.slice(-3).reduce((sum, each) => sum + each, 0) / 3;
printFigure('loss of the last three steps, ours', last(mine.loss), 'nats', undefined, 4);
printFigure('loss of the last three steps, ms-swift', last(peer.loss), 'nats', undefined, 4);
