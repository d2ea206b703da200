// Seconds for an evaluation, ours and lm-evaluation-harness' (hf model), one after the other on the same task, model and type in one run; loading the
// model counts for neither. Also the largest difference of log-probabilities, whether the scores agree, and how long a cached evaluation takes.
// Usage: node tools/build.mjs && node tools/bench/evaluate.mjs --model FOLDER --python PATH [--mmlu FOLDER] [--subject anatomy] [--limit 100] [--dtype bfloat16]
//        [--task FILE.yaml] [--runs 1] [--threads N] [--goal 12]
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

async function measureOurs(file) {
  const { evaluateModel, importTasks } = await room('evaluation');
  const { loadForInference } = await room('generation');
  const { setThreads } = await room('tensor');
  setThreads(Number(values.threads));
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  await importTasks({ tasks: [file], hubCache: folder }, join(folder, 'tasks'), context);
  let before = performance.now();
  (await loadForInference(values.model, { dtype: values.dtype }))[Symbol.dispose]();
  const loading = (performance.now() - before) / 1000;
  const seconds = [];
  const options = { modelFolder: values.model, definitionsFolder: join(folder, 'tasks'), tasks: [], dtype: values.dtype, limit: Number(values.limit) };
  const cached = { ...options, cache: { folder: join(folder, 'results'), model: 'bench' } };
  for (let run = 0; run < Number(values.runs); run += 1) {
    before = performance.now();
    await evaluateModel(run === 0 ? cached : options, join(folder, 'ours'), context);
    seconds.push((performance.now() - before) / 1000 - loading);
  }
  before = performance.now();
  const { metrics } = await evaluateModel(cached, join(folder, 'again'), context);
  return { seconds: quantile(seconds, 0.5), again: (performance.now() - before) / 1000, loading, metrics };
}

function measureTheirs(file) {
  const out = join(folder, 'theirs.json');
  const done = spawnSync(values.python, [join(root, 'tests/parity/lm-eval-scores.py'), values.model, file, out, '--dtype', values.dtype, '--limit', values.limit, '--batch-size', values.batch, '--threads', values.threads], {
    stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1', TQDM_DISABLE: '1' },
  });
  if (done.status !== 0) throw new Error('lm-evaluation-harness failed');
  const { seconds, scores, samples } = JSON.parse(readFileSync(out, 'utf8'));
  return { seconds: Object.values(seconds).reduce((sum, each) => sum + each, 0), scores, samples };
}

/** The largest difference of log-probabilities; only requests with a number count. */
function furthest(samples) {
  const ours = readFileSync(join(folder, 'ours/samples.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
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
  console.log(`load ${loadavg()[0].toFixed(1)}, ${values.threads} threads, ${values.dtype}, limit ${values.limit}`);
  const ours = await measureOurs(file);
  console.log(`ours: ${ours.seconds.toFixed(2)} s (loading ${ours.loading.toFixed(2)} s more), again from the cache ${ours.again.toFixed(2)} s; ${JSON.stringify(ours.metrics)}`);
  if (values.python) {
    const theirs = measureTheirs(file);
    const ratio = theirs.seconds / ours.seconds;
    const goal = values.goal === undefined ? (values.task ? undefined : 12) : Number(values.goal);
    console.log(`lm-evaluation-harness: ${theirs.seconds.toFixed(2)} s; ${JSON.stringify(Object.values(theirs.scores)[0])}`);
    console.log(`ratio: ${ratio.toFixed(1)} times${goal === undefined ? '' : ` (goal ${goal}${ratio < goal ? ', MISSED' : ''})`}; largest difference of log-probabilities ${furthest(theirs.samples).toExponential(1)}`);
    if (goal !== undefined && ratio < goal) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
