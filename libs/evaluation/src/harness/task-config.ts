import { z } from 'zod';
import { describeIssues } from '../describe-issues.js';
import { EvaluationError } from '../evaluation-error.js';

/** In YAML, {{question}} without quotes is no text. */
const expectText = 'expected the name of a field or a template as a text, in quotes where it begins with {{ ("{{question}}")';
const template = z.union([z.string(), z.int()], { error: expectText });
const choices = z.union([z.string(), z.array(z.string()), z.record(z.string(), z.string())], { error: 'expected a template, a field, or a list of texts (yes, no, on and off in quotes: without them they are no texts in YAML)' });
const filesOfSplits = z.union([z.string(), z.array(z.string()), z.record(z.string(), z.union([z.string(), z.array(z.string())]))]);

const FewshotConfig = z.strictObject({
  sampler: z.string().default('default'),
  split: z.string().nullish(),
  samples: z.array(z.record(z.string(), z.unknown())).nullish(),
  doc_to_text: template.nullish(),
  doc_to_target: z.union([z.string(), z.int(), z.array(z.string())], { error: expectText }).nullish(),
  doc_to_choice: choices.nullish(),
  gen_prefix: z.string().nullish(),
  fewshot_delimiter: z.string().nullish(),
  target_delimiter: z.string().nullish(),
  /** Our own: only examples for which this template renders `True` are shown; absent: `where` of the task. */
  where: z.string().nullish(),
  // Read by no published version of the sampler.
  fewshot_indices: z.array(z.int()).nullish(),
});

/** A task of lm-evaluation-harness 0.4: its fields by their published names, with their published defaults. */
export const TaskConfig = z.strictObject({
  task: z.string().min(1),
  task_alias: z.string().nullish(),
  tag: z.union([z.string(), z.array(z.string())]).nullish(),
  dataset_path: z.string().nullish(),
  dataset_name: z.string().nullish(),
  dataset_kwargs: z.looseObject({ data_files: filesOfSplits.optional(), data_dir: z.string().optional(), field: z.string().optional() }).nullish(),
  training_split: z.string().nullish(),
  validation_split: z.string().nullish(),
  test_split: z.string().nullish(),
  fewshot_split: z.string().nullish(),
  doc_to_text: template.nullish(),
  doc_to_target: z.union([z.string(), z.int(), z.array(z.string())], { error: expectText }).nullish(),
  doc_to_choice: choices.nullish(),
  description: z.string().default(''),
  target_delimiter: z.string().default(' '),
  fewshot_delimiter: z.string().default('\n\n'),
  fewshot_config: FewshotConfig.nullish(),
  num_fewshot: z.int().min(0).nullish(),
  output_type: z.enum(['multiple_choice', 'loglikelihood', 'loglikelihood_rolling', 'generate_until']).default('generate_until'),
  metric_list: z
    .array(z.looseObject({ metric: z.string(), aggregation: z.string().optional(), higher_is_better: z.boolean().optional(), hf_evaluate: z.literal(false, { error: 'metrics are not fetched from Hugging Face; leave it out, and name one of those that are here, such as exact_match, token_f1, bleu, rougeL' }).optional() }))
    .nullish(),
  generation_kwargs: z
    .strictObject({
      until: z.union([z.string(), z.array(z.string())]).nullish(),
      do_sample: z.boolean().nullish(),
      temperature: z.coerce.number().min(0).nullish(),
      top_p: z.coerce.number().gt(0).max(1).nullish(),
      max_gen_toks: z.int().min(1).nullish(),
      max_new_tokens: z.int().min(1).nullish(),
      max_tokens: z.int().min(1).nullish(),
      max_completion_tokens: z.int().min(1).nullish(),
    })
    .nullish(),
  repeats: z.int().min(1).default(1),
  filter_list: z.array(z.strictObject({ name: z.string().min(1), filter: z.array(z.looseObject({ function: z.string() })).min(1) })).nullish(),
  gen_prefix: z.string().nullish(),
  /** Our own: what files of a data folder may be called too. */
  data_name: z.string().nullish(),
  /** Our own: the field with the functions that the model may call. They are shown by its chat template, else described in the prompt. */
  tools: z.string().min(1).nullish(),
  /** Our own: fields of another file of the data folder, of the document with the same value in `by`; those in `texts` as JSON. */
  joined: z.strictObject({ file: z.string().min(1), by: z.string().min(1), texts: z.array(z.string()).default([]) }).nullish(),
  /** Our own: only documents for which this template renders `True` are asked. */
  where: z.string().nullish(),
  /** Our own: further fields of every document, each a template over those before it. */
  fields: z.record(z.string(), z.string()).nullish(),
  // What changes nothing about the scores.
  /** Code that a model wrote is run in a jail, whether the task calls it unsafe or not. */
  unsafe_code: z.boolean().nullish(),
  should_decontaminate: z.boolean().nullish(),
  doc_to_decontamination_query: z.string().nullish(),
  metadata: z.unknown().optional(),
});
export type TaskConfig = z.output<typeof TaskConfig>;

/** Fields that published tasks have and that cannot be served here, with what to do instead. */
const refused: Readonly<Record<string, string>> = {
  process_docs: 'Change the data beforehand, or filter documents with "where"',
  process_results: 'Name metrics in metric_list',
  custom_dataset: 'Give the rows as a JSON, JSONL, CSV or Parquet file in dataset_kwargs.data_files',
  doc_to_image: 'Only text is evaluated',
  doc_to_audio: 'Only text is evaluated',
  use_prompt: 'Write the prompt as a Jinja template in doc_to_text',
  class: 'Write the task as YAML with templates',
};

/** A reference to Python code in a task's YAML. */
export class PythonFunction {
  /** The file beside the YAML, without its ending. */
  readonly module: string;
  /** The function's own name. */
  readonly word: string;

  /** `name`: MODULE.FUNCTION. */
  constructor(readonly name: string) {
    const dot = name.lastIndexOf('.');
    this.module = name.slice(0, Math.max(dot, 0));
    this.word = name.slice(dot + 1);
  }
}

/** Checks the fields of one task; `source` names it in errors. @throws EvaluationError `task-function`, `task-field-refused`, `task-invalid`. */
export function parseTaskConfig(fields: Readonly<Record<string, unknown>>, source: string): TaskConfig {
  const pythonField = findFunction(fields, []);
  if (pythonField) {
    throw new EvaluationError({
      message: `${source}: ${pythonField.path.join('.')} is "!function ${pythonField.name}", which is Python code and cannot be run here. Write it as a Jinja template, name a metric or filter that does the same (code_eval, prepend, cut_at, code_block …), or change the data beforehand.`,
      code: 'task-function',
      facts: { source, field: pythonField.path.join('.') },
    });
  }
  for (const [field, instead] of Object.entries(refused)) {
    if (fields[field] != null) throw new EvaluationError({ message: `${source}: ${field} is not supported. ${instead}.`, code: 'task-field-refused', facts: { source, field } });
  }
  const parsed = TaskConfig.safeParse(Object.fromEntries(Object.entries(fields).filter(([field, value]) => !(field in refused && value === null))), { reportInput: true });
  if (!parsed.success) {
    throw new EvaluationError({ message: `${source}: ${describeIssues(parsed.error, TaskConfig)}.`, code: 'task-invalid', facts: { source } });
  }
  expectFields(parsed.data, source);
  return parsed.data;
}

function expectFields(config: TaskConfig, source: string): void {
  const missing = (field: string, why: string): EvaluationError =>
    new EvaluationError({ message: `${source}: the task has no ${field}, ${why}.`, code: 'task-field-missing', facts: { source, field } });
  if (config.doc_to_target == null) throw missing('doc_to_target', config.output_type === 'loglikelihood_rolling' ? 'the text that is scored' : 'what a right answer is');
  if (config.doc_to_text == null && config.output_type !== 'loglikelihood_rolling') throw missing('doc_to_text', 'what the model is asked');
  if (config.output_type === 'multiple_choice' && config.doc_to_choice == null) throw missing('doc_to_choice', 'the answers to choose from');
  if (config.test_split == null && config.validation_split == null) throw missing('test_split or validation_split', 'the documents to ask about');
  if (config.dataset_path == null) throw missing('dataset_path', 'where its documents are');
}

function findFunction(value: unknown, path: readonly string[]): { path: readonly string[]; name: string } | undefined {
  if (value instanceof PythonFunction) return { path, name: value.name };
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = findFunction(item, [...path, key]);
    if (found) return found;
  }
  return undefined;
}
