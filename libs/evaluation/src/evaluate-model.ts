import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { collectRows, type Row } from '@tunesmith/datasets';
import type { TeacherUsage } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { AskedModel } from './ask-model.js';
import { EvaluationError } from './evaluation-error.js';
import { judgeName, type JudgeOptions } from './judging/answer-judge.js';
import { judgeAll } from './judging/judge-all.js';
import { mapInParallel } from './map-in-parallel.js';
import type { ItemScore, Plan, PlannedTask } from './planned-task.js';
import type { EvaluationResults, GroupResult, TaskResult } from './report/evaluation-results.js';
import { htmlReport } from './report/html-report.js';
import { markdownReport } from './report/markdown-report.js';
import { resultsJson } from './report/results-json.js';
import { sampleLines } from './report/sample-lines.js';
import type { EvaluationRequest } from './requests/evaluation-request.js';
import { ownTarget, type EvaluationTarget } from './respondent.js';
import { ResultCache } from './result-cache.js';
import type { PlanOptions, TaskSettings, TaskSources } from './task.js';
import { comparisonMetrics, groupComparisons, groupMetrics, taskComparisons, taskMetrics, type TaskScores } from './task-metrics.js';
import { findTask } from './tasks.js';

export interface EvaluateModelOptions extends Partial<PlanOptions> {
  /** On our own library. */
  readonly modelFolder?: string;
  /** In place of the folder: whatever else is to be asked. */
  readonly target?: EvaluationTarget;
  /** A PEFT adapter of the model in the folder. */
  readonly adapterFolder?: string;
  /** The model to compare with. */
  readonly againstFolder?: string;
  /** Of tasks over rows: those of its validation split are used. */
  readonly datasetFolder?: string;
  /** Of tasks from YAML: what `importTasks` wrote. All of them are done. */
  readonly definitionsFolder?: string;
  readonly tasks: readonly TaskSettings[];
  readonly dtype: 'float32' | 'bfloat16' | 'model';
  /** The most rows that go through the model at once. */
  readonly batchRows?: number;
  /** Where results are kept, and what the models' files are, by digest, or which server is asked. `fresh`: the model is asked again what it was asked before. */
  readonly cache?: { readonly folder: string; readonly fresh?: boolean; readonly model?: string; readonly adapter?: string; readonly against?: string };
  /** Who judges answers, for tasks that have them judged. */
  readonly judge?: JudgeOptions;
}

export interface Evaluation {
  /** By `TASK.METRIC`; `TASK.items` is how many items the task has. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What a reader has to know about single tasks, each with the name of its task. */
  readonly remarks: readonly string[];
  /** What the judge was asked and what it took. */
  readonly judge?: TeacherUsage;
}

/** The seed of lm-evaluation-harness. */
const usualSeed = 1234;

/**
 * Scores a model on tasks, and beside it the model that it is to replace. Writes `samples.jsonl` (every item with what was asked and
 * answered), `results.json`, `report.md` and `report.html`. Running it again gives the same bytes.
 *
 * @throws EvaluationError `task-unknown`, `task-name-taken`, and what the tasks throw.
 */
export async function evaluateModel(options: EvaluateModelOptions, outFolder: string, context: WorkContext): Promise<Evaluation> {
  // Everything that can be wrong with the question is found before a model is loaded.
  const plan = await planAll(options, context);
  const own = await scoreAll(plan.tasks, options, 'model', context);
  const others = options.againstFolder === undefined ? undefined : await scoreAll(plan.tasks, options, 'against', context);
  const answered = plan.tasks.map((task, index): TaskScores => ({ task, scores: own[index]!, ...(others && { against: others[index]! }) }));
  const judged = await judgeAll(answered, options.judge, context);
  const tasks = judged.tasks.map((scored): TaskResult => ({ ...scored, name: scored.task.name, items: scored.task.items.length, metrics: taskMetrics(scored), comparisons: taskComparisons(scored) }));
  const groups = plan.groups.map((group) => {
    const items = tasks.filter(({ name }) => group.tasks.includes(name)).reduce((sum, each) => sum + each.items, 0);
    return { name: group.name, members: group.tasks, items, metrics: groupMetrics(group, tasks), comparisons: groupComparisons(group, tasks) };
  });
  await writeReports({ dtype: options.dtype, ...(options.judge && { judge: judgeName(options.judge.source) }), tasks, groups }, outFolder);
  return { metrics: Object.fromEntries([...tasks, ...groups].flatMap(figuresOf)), remarks: tasks.flatMap(({ name, remarks }) => remarks.map((remark) => `${name}: ${remark}`)), ...(judged.usage && { judge: judged.usage }) };
}

async function writeReports(results: EvaluationResults, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'samples.jsonl'), [...sampleLines(results.tasks)].join(''));
  await writeFile(join(folder, 'results.json'), resultsJson(results));
  await writeFile(join(folder, 'report.md'), markdownReport(results));
  await writeFile(join(folder, 'report.html'), htmlReport(results));
}

function figuresOf({ name, items, metrics, comparisons }: GroupResult): [string, number][] {
  return Object.entries({ ...metrics, ...comparisonMetrics(comparisons), items }).map(([metric, value]) => [`${name}.${metric}`, value]);
}

async function planAll(options: EvaluateModelOptions, context: WorkContext): Promise<Plan> {
  const { tasks, definitionsFolder, seed = usualSeed, applyChatTemplate = false, fewshotAsTurns = true } = options;
  const sources = sourcesOf(options, context.signal);
  const planOptions: PlanOptions = { ...options, seed, applyChatTemplate, fewshotAsTurns, compared: options.againstFolder !== undefined };
  const wanted = definitionsFolder === undefined ? tasks : [...tasks, { kind: 'definitions', name: 'definitions' }];
  if (wanted.length === 0) throw new EvaluationError({ message: 'Expected a task; got none. Name some with --tasks, or give rows with --dataset and --task.', code: 'no-tasks' });
  const taken = new Set<string>();
  const take = (name: string): void => {
    if (taken.has(name)) throw new EvaluationError({ message: `Two tasks are called "${name}"; give each its own name.`, code: 'task-name-taken', facts: { name } });
    taken.add(name);
  };
  const whole: { tasks: PlannedTask[]; groups: Plan['groups'][number][] } = { tasks: [], groups: [] };
  for (const settings of wanted) {
    const kind = findTask(settings.kind);
    const plan = await kind.plan(settings, sources, planOptions);
    for (const { name } of [...plan.tasks, ...plan.groups]) take(name);
    whole.tasks.push(...plan.tasks);
    whole.groups.push(...plan.groups);
  }
  if (options.judge === undefined && whole.tasks.some(({ judged }) => judged)) throw new EvaluationError({ message: 'Expected a judge for tasks whose answers are judged; got none. Give one with --judge MODEL or --judge https://ADDRESS --judge-model NAME.', code: 'judge-missing' });
  return whole;
}

function targetOf({ modelFolder, adapterFolder, target, dtype }: EvaluateModelOptions): EvaluationTarget {
  if (target) return target;
  if (modelFolder !== undefined) return ownTarget(modelFolder, { dtype, adapterFolder });
  throw new EvaluationError({ message: 'Expected a model to ask; got none.', code: 'model-missing' });
}

function sourcesOf(options: EvaluateModelOptions, signal: AbortSignal): TaskSources {
  const { datasetFolder, definitionsFolder } = options;
  let rows: Promise<readonly Row[]> | undefined;
  return {
    heldOutRows() {
      if (datasetFolder === undefined) throw new EvaluationError({ message: 'Expected a dataset, whose held-out rows are asked; got none. Give one with --dataset.', code: 'dataset-missing' });
      return (rows ??= collectRows(datasetFolder, { split: 'validation', signal }));
    },
    definitions() {
      if (definitionsFolder !== undefined) return definitionsFolder;
      throw new EvaluationError({ message: 'Expected imported task definitions; got none. Give names or YAML files with --tasks.', code: 'definitions-missing' });
    },
    async chatTemplate() {
      const template = await targetOf(options).chatTemplate();
      if (template) return template;
      throw new EvaluationError({ message: 'The model has no chat template, so none can be applied. Leave out --apply-chat-template.', code: 'no-chat-template' });
    },
  };
}

/** One model in memory at a time. */
async function scoreAll(planned: readonly PlannedTask[], options: EvaluateModelOptions, which: 'model' | 'against', context: WorkContext): Promise<ItemScore[][]> {
  const { againstFolder, dtype, batchRows, cache: kept } = options;
  const digest = which === 'model' ? kept?.model : kept?.against;
  using cache = kept && digest !== undefined ? new ResultCache(kept.folder, { model: digest, adapter: which === 'model' ? kept.adapter : undefined, dtype }, { fresh: which === 'model' && kept.fresh }) : undefined;
  const target = which === 'model' ? targetOf(options) : ownTarget(againstFolder!, { dtype });
  await using model = new AskedModel({ open: () => target.open(context.signal), ...(batchRows !== undefined && { batchRows }), ...(cache && { cache }) });
  const scores: ItemScore[][] = [];
  for (const tasks of askedTogether(planned)) {
    const names = tasks.length === 1 ? tasks[0]!.name : `${tasks[0]!.name} … ${tasks.at(-1)!.name}`;
    const onProgress: WorkContext['onProgress'] = (progress) => context.onProgress({ ...progress, phase: `${names} (${which})` });
    const results = await model.ask(tasks.flatMap(requestsOf), { signal: context.signal, onProgress });
    let at = 0;
    for (const task of tasks) {
      const answered = task.items.map((item) => ({ item, own: results.slice(at, (at += item.requests.length)) }));
      let done = 0;
      scores.push(await mapInParallel(answered, availableParallelism(), async ({ item, own }) => {
        context.signal.throwIfAborted();
        const score = task.score(item, own);
        if (!(score instanceof Promise)) return score;
        const waited = await score;
        onProgress({ phase: 'score', done: (done += 1), total: task.items.length, unit: 'items' });
        return waited;
      }));
    }
  }
  return scores;
}

/** Log-likelihoods of several tasks that are asked at once: enough to fill the passes through the model, few enough to be held in memory. */
const requestsAtOnce = 1024;

/** Tasks of a few choices each, such as the subjects of MMLU under a limit, go through the model together; one after the other each would fill its last pass with little. */
function askedTogether(planned: readonly PlannedTask[]): PlannedTask[][] {
  const groups: { readonly tasks: PlannedTask[]; requests: number }[] = [];
  for (const task of planned) {
    const requests = requestsOf(task);
    const count = requests.every(({ kind }) => kind === 'loglikelihood') ? requests.length : Infinity;
    const last = groups.at(-1);
    if (last && last.requests + count <= requestsAtOnce) {
      last.tasks.push(task);
      last.requests += count;
    } else groups.push({ tasks: [task], requests: count });
  }
  return groups.map(({ tasks }) => tasks);
}

function requestsOf({ items }: PlannedTask): EvaluationRequest[] {
  return items.flatMap(({ requests }) => requests);
}
