import { parsePythonLiteral } from '@tunesmith/datasets';
import type { Document } from '../definitions/documents.js';
import { evaluatedSplit, exampleSplit, readSplit, type StoredTask } from '../definitions/task-definitions.js';
import { findAggregation } from '../aggregations.js';
import { EvaluationError } from '../evaluation-error.js';
import { findFilter } from '../filters.js';
import { findMetric, metrics as allMetrics } from '../metrics.js';
import { outputTypes } from '../output-types.js';
import type { ItemScore, MetricColumn, PlannedItem, PlannedTask } from '../planned-task.js';
import type { PlanOptions } from '../task.js';
import { DocumentReader } from './document-reader.js';
import { PromptBuilder } from './prompt-builder.js';
import type { OutputSettings, ScoredMetric } from './output-type.js';
import type { TaskChat } from './task-chat.js';
import type { TaskConfig } from './task-config.js';

export interface HarnessSources {
  /** The folder that `importTasks` wrote. */
  readonly folder: string;
  /** How conversations are written, for tasks that are asked in one. */
  readonly chat?: TaskChat;
}

/** A task of lm-evaluation-harness with its documents, ready to be asked. @throws EvaluationError naming the task and the document. */
export async function planHarnessTask(stored: StoredTask, { folder, chat }: HarnessSources, options: PlanOptions): Promise<PlannedTask> {
  const { config } = stored;
  // As in lm-evaluation-harness, a task that says 0 is never shown examples, whatever is asked for.
  const numFewshot = config.num_fewshot === 0 ? 0 : (options.numFewshot ?? config.num_fewshot ?? 0);
  const evaluated = await readSplit(folder, stored, evaluatedSplit(config));
  const { reader, prepare } = readerFor(config, evaluated);
  const documents = prepare(evaluated).slice(0, options.limit ?? Infinity);
  if (documents.length === 0) throw new EvaluationError({ message: `The task "${config.task}" has no documents left that "where" keeps.`, code: 'task-without-rows', facts: { task: config.task } });
  const split = exampleSplit(config);
  const examples = numFewshot === 0 ? [] : split === undefined ? (config.fewshot_config?.samples ?? []) : prepare(await readSplit(folder, stored, split), config.fewshot_config?.where);
  const several = severalInputs(config, reader, documents);
  const prompts = new PromptBuilder(config, reader, examples, { ...options, numFewshot, several }, chat);

  const scored = metricsOf(config);
  for (const { expectNeeds } of scored) await expectNeeds?.(config);
  const settings: OutputSettings = { config, reader, seed: options.seed, chat: chat !== undefined, filters: filtersOf(config), metrics: scored, several };
  const output = outputTypes[config.output_type];
  const items = documents.map((document, index): PlannedItem & { document: Document } => {
    const prompt = prompts.for(document, index);
    const domain = domainOf(document);
    return { index, document, ...(domain !== undefined && { domain }), ...output.ask(document, index, prompt, settings) };
  });
  const documentOf = new Map(items.map(({ document, ...item }) => [item.index, document]));
  return {
    name: config.task,
    ...(config.num_fewshot === 0 && (options.numFewshot ?? 0) > 0 && { remarks: [`its YAML says num_fewshot: 0, so it is asked without examples and not with ${options.numFewshot}, as in lm-evaluation-harness; remove num_fewshot there to have some`] }),
    about: { kind: config.output_type, fewshot: numFewshot, ...(config.task_alias != null && { alias: config.task_alias }) },
    items: items.map(({ document: _kept, ...item }) => item),
    score: (item, results) => output.score(documentOf.get(item.index)!, item, results, settings),
    columns: (scores) => columnsOf(scores, scored),
  };
}

/** What a document says that it is about, in the first of the fields that tables of questions usually have for it. */
function domainOf(document: Document): string | undefined {
  const value = ['subject', 'category', 'domain', 'topic'].map((field) => document[field]).find((each) => each !== undefined);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `fields` and `where` are ours: further fields of documents, and which documents count. */
function readerFor(config: TaskConfig, documents: readonly Document[]): { reader: DocumentReader; prepare: (all: readonly Document[], where?: string | null) => Document[] } {
  const added = Object.entries(config.fields ?? {});
  const reader = new DocumentReader(config, new Set([...Object.keys(documents[0] ?? {}), ...added.map(([name]) => name)]));
  const prepare = (all: readonly Document[], where: string | null | undefined = config.where): Document[] =>
    all.flatMap((document, index) => {
      const whole = { ...document };
      for (const [name, template] of added) {
        const value = reader.value(`fields.${name}`, template, whole, index);
        // What several statements write is text, also where it is a list.
        whole[name] = typeof value === 'string' && /^[[{]/.test(value) ? (parsePythonLiteral(value) ?? value) : value;
      }
      return where == null || reader.render('where', where, whole, index).trim() === 'True' ? [whole] : [];
    });
  return { reader, prepare };
}

/** Whether the choices are whole contexts with one ending, as in WinoGrande: `doc_to_text` is the place of the right one. A question of digits among others is none. */
function severalInputs(config: TaskConfig, reader: DocumentReader, documents: readonly Document[]): boolean {
  return config.output_type === 'multiple_choice' && documents.every((document, index) => typeof reader.text(document, index) === 'number');
}

/** The metrics of `metric_list`, else those that lm-evaluation-harness gives such a task. */
function metricsOf(config: TaskConfig): ScoredMetric[] {
  const { output_type: kind, task } = config;
  const usual = { multiple_choice: ['acc', 'acc_norm'], loglikelihood: ['perplexity', 'acc'], loglikelihood_rolling: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'], generate_until: ['exact_match'] }[kind];
  const list: NonNullable<TaskConfig['metric_list']> = config.metric_list ?? usual.map((metric) => ({ metric }));
  return list.map(({ metric: name, aggregation, higher_is_better: _told, hf_evaluate: _never, weight_by_size: _ofGroups, ...options }) => {
    const metric = ofTask(task, () => findMetric(name));
    const functions = ofTask(task, () => metric.prepare(options));
    if (!outputTypes[kind].serves(functions)) {
      const others = allMetrics.filter((each) => outputTypes[kind].serves(each.prepare({}))).map((each) => each.name);
      throw new EvaluationError({ message: `The task "${task}": the metric ${name} is not for ${kind}; there are ${others.join(', ')}.`, code: 'metric-not-applicable', facts: { task, metric: name } });
    }
    return { ...functions, name, unconditional: metric.unconditional, aggregation: ofTask(task, () => findAggregation(aggregation ?? metric.aggregation)) };
  });
}

function filtersOf(config: TaskConfig): OutputSettings['filters'] {
  const list = config.filter_list ?? [{ name: 'none', filter: [{ function: 'take_first' }] }];
  return list.map(({ name, filter }) => ({ name, steps: filter.map(({ function: word, ...settings }) => ofTask(config.task, () => findFilter(word).prepare(settings))) }));
}

/** What is wrong, with the name of the task. */
function ofTask<Result>(task: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof EvaluationError) throw new EvaluationError({ message: `The task "${task}": ${cause.message}`, code: cause.code, facts: { ...cause.facts, task }, cause });
    throw cause;
  }
}

function columnsOf(scores: readonly ItemScore[], scored: readonly ScoredMetric[]): MetricColumn[] {
  return Object.keys(scores[0]?.values ?? {}).map((name) => {
    const { aggregation } = scored.find((each) => (each.parts ?? [each.name]).some((part) => name === part || name.startsWith(`${part}-`)))!;
    return { name, values: scores.map((score) => score.values![name]), aggregation };
  });
}
