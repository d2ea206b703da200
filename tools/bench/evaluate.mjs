// Seconds for an evaluation, ours and lm-evaluation-harness' (hf model), one after the other on the same task and model in one run, by the clock and by
// processor time; loading the model counts for neither. Each side may be measured in several types: the ratio is that of the fastest of each. Also the
// largest difference of log-probabilities between runs of the same type, and how long a cached evaluation takes.
// Usage: node tools/build.mjs && node tools/bench/evaluate.mjs --model FOLDER --python PATH [--mmlu FOLDER] [--subject anatomy] [--limit 100]
//        [--dtype bfloat16,…] [--peer-dtype bfloat16,…] [--task FILE.yaml] [--runs 1] [--threads N] [--goal 12]
// FOLDER: a Hugging Face folder; PATH: a Python that has lm_eval; --mmlu: SUBJECT.dev.jsonl and SUBJECT.test.jsonl.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { quantile, root } from './figure.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    python: { type: 'string' },
    mmlu: { type: 'string', default: join(root, '../shared/data/mmlu') },
    subject: { type: 'string', default: 'anatomy' },
    limit: { type: 'string', default: '100' },
    dtype: { type: 'string', default: 'bfloat16' },
    'peer-dtype': { type: 'string' },
    task: { type: 'string' },
    runs: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(availableParallelism()) },
    goal: { type: 'string' },
    batch: { type: 'string', default: '8' },
  },
});
if (!values.model) throw new Error('expected --model FOLDER, a Hugging Face folder');
const folder = mkdtempSync(join(tmpdir(), 'evaluate-bench-'));
const room = (name) => import(join(root, 'libs', name, 'dist/index.js'));

function mmluTask() {
  const data = (split) => resolve(values.mmlu, `${values.subject}.${split}.jsonl`);
  const task = {
    task: 'bench_mmlu', dataset_path: 'json', dataset_kwargs: { data_files: { test: data('test'), dev: data('dev') } }, test_split: 'test', fewshot_split: 'dev', fewshot_config: { sampler: 'first_n' }, num_fewshot: 5,
    output_type: 'multiple_choice', description: `The following are multiple choice questions (with answers) about ${values.subject.replaceAll('_', ' ')}.\n\n`,
    doc_to_text: '{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\nC. {{choices[2]}}\nD. {{choices[3]}}\nAnswer:', doc_to_choice: ['A', 'B', 'C', 'D'], doc_to_target: 'answer',
    metric_list: [{ metric: 'acc', aggregation: 'mean', higher_is_better: true }],
  };
  writeFileSync(join(folder, 'task.yaml'), JSON.stringify(task));
  return join(folder, 'task.yaml');
}

/** What it took, by the clock and of all processors. */
async function timed(work) {
  const [started, used] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(used);
  return { result, seconds: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

async function measureOurs(file, dtype) {
  const { evaluateModel, importTasks } = await room('evaluation');
  const { loadForInference } = await room('generation');
  const { setThreads } = await room('tensor');
  setThreads(Number(values.threads));
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  const definitionsFolder = join(folder, `tasks-${dtype}`);
  await importTasks({ tasks: [file], hubCache: folder }, definitionsFolder, context);
  const load = () => timed(async () => (await loadForInference(values.model, { dtype }))[Symbol.dispose]());
  await load(); // what is read and made on first use does not count
  const loading = await load();
  const options = { modelFolder: values.model, definitionsFolder, tasks: [], dtype, limit: Number(values.limit) };
  const cached = { ...options, cache: { folder: join(folder, 'results'), model: 'bench' } };
  const runs = [];
  for (let run = 0; run < Number(values.runs); run += 1) runs.push(await timed(() => evaluateModel(run === 0 ? cached : options, join(folder, `ours-${dtype}`), context)));
  const again = await timed(() => evaluateModel(cached, join(folder, 'again'), context));
  const typical = (time) => quantile(runs.map((run) => run[time]), 0.5) - loading[time];
  return { dtype, seconds: typical('seconds'), processor: typical('processor'), again: again.seconds, loading: loading.seconds, metrics: again.result.metrics };
}

function measureTheirs(file, dtype) {
  const out = join(folder, 'theirs.json');
  const done = spawnSync(values.python, [join(root, 'tests/parity/lm-eval-scores.py'), values.model, file, out, '--dtype', dtype, '--limit', values.limit, '--batch-size', values.batch, '--threads', values.threads], {
    stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1', TQDM_DISABLE: '1' },
  });
  if (done.status !== 0) throw new Error('lm-evaluation-harness failed');
  const { seconds, processor, scores, samples } = JSON.parse(readFileSync(out, 'utf8'));
  const whole = (times) => Object.values(times).reduce((sum, each) => sum + each, 0);
  return { dtype, seconds: whole(seconds), processor: whole(processor), scores, samples };
}

/** The largest difference of log-probabilities; only requests with a number count. */
function furthest({ dtype, samples }) {
  const ours = readFileSync(join(folder, `ours-${dtype}`, 'samples.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  let most = 0;
  for (const [name, rows] of Object.entries(samples)) {
    for (const { index, responses } of rows) {
      const own = ours.find((sample) => sample.task === name && sample.index === index);
      responses.forEach((response, place) => {
        const theirs = Number(Array.isArray(response) ? response[0] : response);
        if (own?.logProbs[place] !== undefined && Number.isFinite(theirs)) most = Math.max(most, Math.abs(own.logProbs[place] - theirs));
      });
    }
  }
  return most;
}

try {
  const file = values.task ? resolve(values.task) : mmluTask();
  const dtypes = values.dtype.split(',');
  const goal = values.goal === undefined ? (values.task ? undefined : 12) : Number(values.goal);
  console.log(`load ${loadavg()[0].toFixed(1)}, ${values.threads} threads, limit ${values.limit}`);
  const fastest = (sides, time) => sides.reduce((one, other) => (other[time] < one[time] ? other : one));
  const ours = [];
  for (const dtype of dtypes) {
    const own = await measureOurs(file, dtype);
    ours.push(own);
    console.log(`ours in ${dtype}: ${own.seconds.toFixed(2)} s, ${own.processor.toFixed(2)} s of processors (loading ${own.loading.toFixed(2)} s more), again from the cache ${own.again.toFixed(2)} s; ${JSON.stringify(own.metrics)}`);
  }
  const theirs = [];
  for (const dtype of values.python ? (values['peer-dtype'] ?? values.dtype).split(',') : []) {
    const peer = measureTheirs(file, dtype);
    theirs.push(peer);
    const compared = dtypes.includes(dtype) ? `; largest difference of log-probabilities ${furthest(peer).toExponential(1)}` : '';
    console.log(`lm-evaluation-harness in ${dtype}: ${peer.seconds.toFixed(2)} s, ${peer.processor.toFixed(2)} s of processors; ${JSON.stringify(Object.values(peer.scores)[0])}${compared}`);
  }
  for (const [time, how] of theirs.length > 0 ? [['seconds', 'by the clock'], ['processor', 'by processor time']] : []) {
    const [own, peer] = [fastest(ours, time), fastest(theirs, time)];
    const ratio = peer[time] / own[time];
    const missed = time === 'seconds' && goal !== undefined && ratio < goal;
    console.log(`${how}, ${own.dtype} beside ${peer.dtype}: ${ratio.toFixed(1)} times${time === 'seconds' && goal !== undefined ? ` (goal ${goal}${missed ? ', MISSED' : ''})` : ''}`);
    if (missed) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
