import { z } from 'zod';
import { describeIssues } from '../describe-issues.js';
import { EvaluationError } from '../evaluation-error.js';
import { qaMetrics, usualQaMetrics } from '../qa-metrics.js';

const text = z.union([z.string(), z.int()]);

/** Our own way to write a task down. What is left out is as usual for the kind of question. */
const ShortForm = z.strictObject({
  kind: z.literal('qa').optional().describe('qa: documents with a question and an answer, or answers, of which any is right.'),
  name: z.string().min(1),
  data: z.union([z.string(), z.strictObject({ test: z.string(), examples: z.string().optional() })]).describe('A file of documents; examples: where few-shot examples come from.'),
  question: text.optional(),
  choices: z.union([z.string(), z.array(z.string())]).optional(),
  answer: text.optional().describe('The right answer: a text, or the place of the right choice. Without a question: the text whose perplexity is measured.'),
  instructions: z.string().optional(),
  shots: z.int().min(0).optional(),
  where: z.string().optional(),
  stop: z.array(z.string()).optional(),
  maxNewTokens: z.int().min(1).optional(),
  metrics: z.array(z.union([z.string(), z.looseObject({ metric: z.string() })])).optional(),
  tag: z.union([z.string(), z.array(z.string())]).optional(),
});

/** A field that documents of `kind: qa` are given: a list of what stands under `answers` (SQuAD has it one deeper), else under `answer`. */
const rightAnswers = 'right_answers';
const answersOfDocument = '{{ (answers.text if answers is mapping else answers) if answers is defined and answers else ([answer] if answer is string else answer) }}';

/** Whether the fields are those of the short form: it has a `name` where the long one has a `task`. */
export function isShortForm(fields: Readonly<Record<string, unknown>>): boolean {
  return 'name' in fields && !('task' in fields) && !('group' in fields);
}

/**
 *     name: capitals
 *     data: capitals.jsonl
 *     question: "Capital of {{country}}?"
 *     choices: "{{options}}"           a question with choices; without them the model writes the answer
 *     answer: "{{options.index(capital)}}"
 *
 * as the fields of lm-evaluation-harness. Documents with a question and one answer or several take fewer words still:
 *
 *     kind: qa
 *     name: helpdesk
 *     data: helpdesk.jsonl             {"question": "…", "answer": "…"} or {"question": "…", "answers": ["…", "…"]}
 *     metrics: [exact_match, f1, rougeL, bleu, contains]
 *
 * @throws EvaluationError `task-invalid`
 */
export function fromShortForm(fields: Readonly<Record<string, unknown>>, source: string): Record<string, unknown> {
  const parsed = ShortForm.safeParse(fields, { reportInput: true });
  if (!parsed.success) {
    throw new EvaluationError({ message: `${source}: ${describeIssues(parsed.error, ShortForm)}.`, code: 'task-invalid', facts: { source } });
  }
  const { kind, name, data, choices, instructions, shots, where, stop, maxNewTokens, tag } = parsed.data;
  const qa = kind === 'qa';
  const question = parsed.data.question ?? (qa ? 'Question: {{question}}\nAnswer:' : undefined);
  const answer = parsed.data.answer ?? (qa ? rightAnswers : undefined);
  if (answer === undefined) throw new EvaluationError({ message: `${source}: answer: expected the right answer, as a template or the name of a field; got none.`, code: 'task-invalid', facts: { source } });
  const metrics = (parsed.data.metrics ?? (qa ? usualQaMetrics : undefined))?.map((metric) => (typeof metric === 'string' ? (qa ? qaMetrics[metric] : undefined) ?? { metric } : metric));
  const files = typeof data === 'string' ? { test: data } : { test: data.test, ...(data.examples !== undefined && { examples: data.examples }) };
  const generates = question !== undefined && choices === undefined;
  return {
    task: name,
    ...(tag !== undefined && { tag }),
    dataset_path: 'files',
    dataset_kwargs: { data_files: files },
    test_split: 'test',
    ...('examples' in files && { fewshot_split: 'examples', fewshot_config: { sampler: 'first_n' } }),
    output_type: question === undefined ? 'loglikelihood_rolling' : generates ? 'generate_until' : 'multiple_choice',
    ...(question !== undefined && { doc_to_text: question }),
    ...(choices !== undefined && { doc_to_choice: choices }),
    doc_to_target: answer,
    ...(answer === rightAnswers && { fields: { [rightAnswers]: answersOfDocument } }),
    ...(instructions !== undefined && { description: instructions.endsWith('\n') ? `${instructions}\n` : `${instructions}\n\n` }),
    ...(shots !== undefined && { num_fewshot: shots }),
    ...(where !== undefined && { where }),
    ...(generates && { generation_kwargs: { until: stop ?? ['\n'], do_sample: false, temperature: 0, ...(maxNewTokens !== undefined && { max_gen_toks: maxNewTokens }) } }),
    ...(metrics && { metric_list: metrics }),
  };
}
