import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { evaluateModel, importTasks } from '@tunesmith/evaluation';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { findPythonPeers } from '../../tools/python-peers.mjs';

// Per request and score, live, against lm-evaluation-harness' hf model in float32: MMLU with five examples, PubMedQA, and a task of each kind of request.
// Models: the fixtures' tiny ones, and the Hugging Face folder that TUNESMITH_TEST_FOLDER names. The real data are read from ../shared/data, where they are.

interface Row {
  readonly index: number;
  readonly responses: readonly (string | number | readonly [number, boolean])[];
}
interface Reference {
  readonly scores: Record<string, Record<string, number>>;
  readonly samples: Record<string, readonly Row[]>;
}
interface Sample {
  readonly task: string;
  readonly index: number;
  readonly logProbs: readonly number[];
  readonly prediction: unknown;
}

const root = join(import.meta.dirname, '../..');
const data = join(root, '../shared/data');
const fixtures = join(import.meta.dirname, 'fixtures');
const tinyLlama = join(fixtures, 'evaluation/model');
const tinyT5 = join(fixtures, 'encoder-decoder');
const real = process.env['TUNESMITH_TEST_FOLDER'];

const choice = <Fields extends { readonly task: string }>(fields: Fields) => ({ output_type: 'multiple_choice', metric_list: [{ metric: 'acc', aggregation: 'mean', higher_is_better: true }], ...fields });
const files = (bySplit: Record<string, string>) => ({ dataset_path: 'json', dataset_kwargs: { data_files: bySplit }, test_split: 'test' });
const ownFiles = files({ test: join(fixtures, 'evaluation/tasks/capitals.jsonl'), train: join(fixtures, 'evaluation/tasks/examples.jsonl') });

const mmlu = (subject: string) =>
  choice({
    task: `peers_mmlu_${subject}`, ...files({ test: join(data, 'mmlu', `${subject}.test.jsonl`), dev: join(data, 'mmlu', `${subject}.dev.jsonl`) }), fewshot_split: 'dev', fewshot_config: { sampler: 'first_n' }, num_fewshot: 5,
    description: `The following are multiple choice questions (with answers) about ${subject.replaceAll('_', ' ')}.\n\n`,
    doc_to_text: '{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\nC. {{choices[2]}}\nD. {{choices[3]}}\nAnswer:', doc_to_choice: ['A', 'B', 'C', 'D'], doc_to_target: 'answer',
  });
const kinds = [
  choice({ task: 'peers_choice', ...ownFiles, training_split: 'train', num_fewshot: 2, doc_to_text: 'The capital of {{country}} is', doc_to_choice: '{{options}}', doc_to_target: '{{options.index(capital)}}' }),
  { task: 'peers_loglikelihood', ...ownFiles, output_type: 'loglikelihood', doc_to_text: '{{country}}: ', doc_to_target: 'fact', metric_list: [{ metric: 'acc' }, { metric: 'perplexity' }] },
  { task: 'peers_rolling', ...ownFiles, output_type: 'loglikelihood_rolling', doc_to_text: '', doc_to_target: '{{(fact + " ") * 12}}' },
  { task: 'peers_generation', ...ownFiles, output_type: 'generate_until', doc_to_text: 'Capital of {{country}}?', doc_to_target: 'capital', generation_kwargs: { until: ['\n'], max_gen_toks: 16, do_sample: false }, metric_list: [{ metric: 'exact_match' }] },
];

async function compare(model: string, tasks: readonly { task: string }[], limit: number): Promise<void> {
  await using folder = await temporaryFolder();
  const place = (name: string) => join(folder.path, name);
  const paths = tasks.map(({ task }) => place(`${task}.yaml`));
  // JSON is YAML.
  for (const [index, task] of tasks.entries()) await writeFile(paths[index]!, JSON.stringify(task));
  await promisify(execFile)(join(findPythonPeers()!, 'bin', 'python'), [join(import.meta.dirname, 'lm-eval-scores.py'), model, paths.join(), place('theirs.json'), '--limit', String(limit), '--batch-size', '4'], {
    env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' }, maxBuffer: 1 << 28,
  });
  const theirs = JSON.parse(await readFile(place('theirs.json'), 'utf8')) as Reference;
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  await importTasks({ tasks: paths, hubCache: folder.path }, place('tasks'), context);
  const { metrics } = await evaluateModel({ modelFolder: model, definitionsFolder: place('tasks'), tasks: [], dtype: 'float32', limit }, place('ours'), context);
  const samples = (await readFile(place('ours/samples.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Sample);
  expect(samples.length).toBe(Object.values(theirs.samples).flat().length);
  for (const { task, index, logProbs, prediction } of samples) {
    const { responses } = theirs.samples[task]!.find((row) => row.index === index)!;
    responses.forEach((response, request) => {
      if (typeof response === 'string') return expect([task, index, prediction]).toEqual([task, index, response]);
      const logProb = typeof response === 'number' ? response : Number(response[0]);
      // Of long texts the sum of many tokens: their errors add up.
      expect([task, index, Math.abs(logProbs[request]! - logProb) <= 1e-4 * Math.max(1, Math.abs(logProb) / 100)]).toEqual([task, index, true]);
    });
  }
  for (const [task, scores] of Object.entries(theirs.scores)) {
    for (const [key, value] of Object.entries(scores).filter(([name]) => name.includes(','))) {
      const ours = metrics[`${task}.${key.split(',')[0]}`]!;
      expect([task, key, value === 0 ? ours + 1 : ours / value]).toEqual([task, key, expect.closeTo(1, /perplexity|bits/.test(key) ? 4 : 12)]);
    }
  }
}

beforeAll(() => setThreads(2));

test('a task of each kind of request, on a tiny Llama', () => compare(tinyLlama, kinds, 6), 600_000);

test('an encoder-decoder reads the question and writes the answer', () => compare(tinyT5, kinds.filter(({ task }) => !/rolling|generation/.test(task)), 6), 600_000);

const withData = real !== undefined && existsSync(data) ? test : test.skip;
withData(
  `MMLU with five examples, PubMedQA and each kind of request, on ${real ?? 'no model (TUNESMITH_TEST_FOLDER)'}${existsSync(data) ? '' : ', without ../shared/data'}`,
  async () => {
    await using folder = await temporaryFolder();
    const pubmedqa = Object.values(JSON.parse(await readFile(join(data, 'benchmarks/pubmedqa.json'), 'utf8')) as Record<string, object>);
    await writeFile(join(folder.path, 'pubmedqa.jsonl'), pubmedqa.slice(0, 50).map((each) => `${JSON.stringify(each)}\n`).join(''));
    const abstract = choice({ task: 'peers_pubmedqa', ...files({ test: join(folder.path, 'pubmedqa.jsonl') }), doc_to_text: "Abstract: {{CONTEXTS | join('\n')}}\nQuestion: {{QUESTION}}\nAnswer:", doc_to_choice: ['yes', 'no', 'maybe'], doc_to_target: 'final_decision' });
    await compare(real!, [mmlu('anatomy'), mmlu('computer_security'), abstract, ...kinds], 8);
  },
  1_800_000,
);

test('code tasks of lm-evaluation-harness are read as they are published, with the prompts that it makes of them', async () => {
  await using folder = await temporaryFolder();
  const place = (name: string) => join(folder.path, name);
  const published = (await promisify(execFile)(join(findPythonPeers()!, 'bin', 'python'), ['-c', 'import importlib.util; print(importlib.util.find_spec("lm_eval").submodule_search_locations[0] + "/tasks")'])).stdout.trim();
  const problem = (id: number) => ({ task_id: id, text: `Task ${id}.`, code: `def f${id}():\r\n  return ${id}`, test_list: [1, 2, 3].map((at) => `assert f${id}() == ${id} # ${at}`) });
  await writeFile(place('mbpp.jsonl'), `${JSON.stringify(problem(11))}\n`);
  await writeFile(place('humaneval.jsonl'), `${JSON.stringify({ task_id: 'X/0', prompt: 'def one():\n', entry_point: 'one', test: 'def check(f):\n    assert f() == 1\n' })}\n`);
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  await importTasks({ tasks: ['mbpp/mbpp', 'humaneval/humaneval', 'humaneval/humaneval_instruct'].map((name) => join(published, `${name}.yaml`)), data: folder.path, hubCache: folder.path }, place('tasks'), context);
  // The tiny Llama, with room for whole prompts.
  await cp(tinyLlama, place('model'), { recursive: true });
  const config = JSON.parse(await readFile(place('model/config.json'), 'utf8')) as object;
  await writeFile(place('model/config.json'), JSON.stringify({ ...config, max_position_embeddings: 4096 }));
  await evaluateModel({ modelFolder: place('model'), definitionsFolder: place('tasks'), tasks: [], dtype: 'float32' }, place('ours'), context);
  const samples = (await readFile(place('ours/samples.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Sample & { readonly prompt: string; readonly metrics: object });
  for (const { metrics } of samples) expect(metrics).toEqual({ 'pass@1': 0 });
  // Its own modules ask a hub for code_eval when they are loaded: only the prompts are wanted here.
  const script = 'import evaluate, json, sys\nevaluate.load = lambda *_a, **_o: type("NoHub", (), {"compute": lambda *_a, **_o: ({"pass@1": 0.0}, {})})()\nfrom lm_eval.tasks import TaskManager, get_task_dict\ntask, = get_task_dict(["own"], TaskManager(include_path=sys.argv[1])).values()\ntask.build_all_requests(rank=0, world_size=1)\nprint("\\n" + json.dumps([each.args[0] for each in task.instances]))';
  await writeFile(place('own.yaml'), JSON.stringify({ include: join(published, 'mbpp/mbpp.yaml'), task: 'own', dataset_path: 'json', dataset_name: null, dataset_kwargs: { data_files: { test: place('mbpp.jsonl') } } }));
  const { stdout } = await promisify(execFile)(join(findPythonPeers()!, 'bin', 'python'), ['-c', script, folder.path], { env: { ...process.env, HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' }, maxBuffer: 1 << 26 });
  expect(samples.filter(({ task }) => task === 'mbpp').map(({ prompt }) => prompt)).toEqual(JSON.parse(stdout.trim().split('\n').at(-1)!));
}, 600_000);
