import { Option } from 'commander';
import { join } from 'node:path';
import { defineCommand } from '../command.js';
import { UsageError } from '../errors.js';
import { importTasksStep } from '../evaluate/import-tasks-step.js';
import { addJudgeOptions, judgeReference, judgeSettings, type JudgeOptions } from '../evaluate/judge-settings.js';
import { scoreLines } from '../evaluate/score-lines.js';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { remarksOf } from '../runs/remarks-of.js';
import { jobCommand, type FinishedJob } from '../runs/run-job.js';
import { stepSettings, type Setting, type StepSettings } from '../runs/step-settings.js';
import { isAddress, partsOf } from '../runs/teacher-settings.js';
import { targetStep } from '../serve/served-name.js';

interface Options extends JobOptions, JudgeOptions {
  readonly adapter?: string;
  readonly format?: string;
  readonly address?: string;
  readonly model?: string;
  readonly keyVariable?: string;
  readonly addressConcurrency?: number;
  readonly fresh?: boolean;
  readonly template?: string;
  readonly tasks?: readonly string[];
  readonly data?: string;
  readonly include?: string;
  readonly dataset?: string;
  readonly against?: string;
  readonly task?: readonly string[];
  readonly maxNewTokens?: number;
  readonly limit?: number;
  readonly numFewshot?: number;
  readonly seed?: number;
  readonly applyChatTemplate?: boolean;
  readonly fewshotAsTurns?: boolean;
  readonly systemInstruction?: string;
  readonly batch?: number;
  readonly dtype?: string;
}

export const evaluate = defineCommand<[target: string | undefined], Options>({
  configure(command) {
    command
      .argument('[target]', 'a registered reference or a path: a model, a GGUF file, an ONNX folder, a packed folder; none with --address')
      .option('--format <format>', 'evaluate what it was quantized to, such as gguf/q8_0, onnx/int4 or hf/gptq-int4')
      .option('--address <url>', 'evaluate a server that speaks the protocol of OpenAI, such as http://127.0.0.1:8000/v1')
      .option('--model <name>', 'with --address: what the server calls the model')
      .option('--key-variable <name>', 'with --address: the environment variable of the platform that holds the key')
      .option('--address-concurrency <count>', 'with --address: requests under way at a time (default: 4)', number)
      .option('--template <model>', "with --address: a model whose chat template writes conversations as the server's model reads them; loss:TAG and --apply-chat-template need it")
      .option('--fresh', 'with --address: ask again what it has answered before, such as when another model stands behind it')
      .option('--adapter <adapter>', 'a LoRA adapter of the model, beside its weights or a GGUF file: a registered reference or a PEFT folder')
      .option('--tasks <NAME|FILE.yaml,...>', 'shipped tasks, groups and tags by name, and YAML files of lm-evaluation-harness or our short form', collect)
      .option('--data <dir>', 'documents of tasks whose datasets are published elsewhere: NAME.SPLIT.jsonl, .json, .csv or .parquet')
      .option('--include <dir>', 'YAML files whose tasks, groups and tags can be named')
      .option('--dataset <dataset>', 'with --task: the rows of its validation split are asked')
      .option('--task <[NAME=]KIND:TAG>', 'over the rows with this tag: qa:TAG (exact match, F1, contains), exact-match:TAG, loss:TAG, judge:TAG (grades from 1 to 10), judge-pairs:TAG (against --against, else the answers of the rows); may be given again', collect)
      .option('--max-new-tokens <count>', 'longest answer of qa and exact-match (default: 48) and of judge (default: 512)', number)
      .option('--against <model>', 'the model to compare with on the same items, such as smollm2@prod: differences with their intervals and tests')
      .option('--limit <count>', 'the most documents of each task', number)
      .option('--num-fewshot <count>', 'examples before each question, in place of what the tasks say', number)
      .option('--seed <seed>', 'of examples that are drawn, and of sampled answers (default: 1234)', number)
      .option('--apply-chat-template', 'write prompts as conversations')
      .option('--no-fewshot-as-turns', 'with the chat template: examples before the question, in one turn with it')
      .option('--system-instruction <text>', 'what stands before everything else')
      .option('--batch <count>', 'the most rows that go through the model at once; changes nothing but the time', number)
      .addOption(new Option('--dtype <dtype>', 'what the weights are computed in; model: their own type (default: "bfloat16")').choices(['bfloat16', 'float32', 'model']));
    addJudgeOptions(command);
    addJobOptions(command, 'the report and the samples').addHelpText('after', '\nExamples:\n  tunesmith evaluate smollm2@prod --tasks mmlu --data ./mmlu --num-fewshot 5\n  tunesmith evaluate smollm2@prod --tasks ./own.yaml --limit 100 --dtype float32 --json\n  tunesmith evaluate smollm2@prod --dataset helpdesk --task qa=exact-match:identity --task forgetting=loss:replay\n  tunesmith evaluate smollm2@prod --dataset mt-bench --task mt=judge:mt-bench --judge https://api.openai.com/v1 --judge-model gpt-4o-mini --judge-key-variable OPENAI_API_KEY');
  },

  async run({ arguments: [target], options }, session) {
    if ((target === undefined) !== (options.address !== undefined)) throw new UsageError(`expected TARGET or --address; got ${target === undefined ? 'neither' : 'both'}`, ['tunesmith evaluate smollm2@prod --tasks mmlu', 'tunesmith evaluate --address URL --model NAME --tasks mmlu']);
    if (!options.tasks && !options.task) throw new UsageError('expected --tasks, or --dataset with --task; got neither', ['--tasks mmlu --data FOLDER', '--dataset helpdesk --task qa=exact-match:identity']);
    if ((options.task === undefined) !== (options.dataset === undefined)) throw new UsageError('expected --dataset and --task together: the rows, and what is asked of them');
    expectUsed(options);
    const tasks = options.task?.map((text) => parseTask(text, options));
    const settings = await stepSettings('evaluate', {
      ...judgeSettings(options, tasks?.some(({ kind }) => kind === 'judge') ?? false),
      tasks: { option: '--task', value: tasks },
      limit: { option: '--limit', value: options.limit },
      numFewshot: { option: '--num-fewshot', value: options.numFewshot },
      seed: { option: '--seed', value: options.seed },
      applyChatTemplate: { option: '--apply-chat-template', value: options.applyChatTemplate },
      fewshotAsTurns: { option: '--no-fewshot-as-turns', value: options.fewshotAsTurns === false ? false : undefined },
      systemInstruction: { option: '--system-instruction', value: options.systemInstruction },
      batch: { option: '--batch', value: options.batch },
      dtype: { option: '--dtype', value: options.dtype },
      address: addressSetting(options),
      fresh: { option: '--fresh', value: options.fresh },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    // Models beside the target are computed in the type of number too.
    const othersToo = options.against !== undefined || (options.judge !== undefined && !isAddress(options.judge));
    if (options.address !== undefined && options.dtype !== undefined && !othersToo) throw new UsageError(`--dtype: expected none beside --address, whose server computes as it does; got ${options.dtype}`);
    const references: StepSettings = { ...(target !== undefined && (await targetStep(session, target, { ...options, othersToo }))), ...(await judgeReference(session, options)) };
    if (options.dataset !== undefined) references['dataset'] = await resolveReference(session, options.dataset, '--dataset');
    if (options.template !== undefined) references['template'] = await resolveReference(session, options.template, '--template');
    if (options.against !== undefined) references['against'] = await resolveReference(session, options.against, '--against');
    const before = options.tasks && { 'import-tasks': { uses: 'import-tasks', with: await importTasksStep(session, options.tasks, options) } };
    if (before) references['definitions'] = '${{ steps.import-tasks.tasks }}';
    return jobCommand(session, { name: 'evaluate', uses: 'evaluate', with: { ...settings, ...references }, ...(before && { before }) }, options, async (job) => {
      const artifact = outputOf(job, 'evaluation');
      const folder = await placeResult(session, artifact, out);
      const remarks = remarksOf(job);
      return {
        document: { results: resultsByTask(job), ...(remarks.length > 0 && { remarks }), samples: folder && join(folder, 'samples.jsonl'), artifact: artifact.digest, path: folder, run: job.run.id },
        lines: [...scoreLines(job.step.metrics, await import('@tunesmith/contracts')), ...remarks],
      };
    });
  },
});

/** What only tasks of the other kind have would be passed over. */
function expectUsed({ tasks, task, data, include, numFewshot, applyChatTemplate, fewshotAsTurns, systemInstruction, maxNewTokens }: Options): void {
  const ofTasks = { '--data': data, '--include': include, '--num-fewshot': numFewshot, '--apply-chat-template': applyChatTemplate, '--system-instruction': systemInstruction };
  const given = Object.entries(ofTasks).flatMap(([option, value]) => (value === undefined ? [] : [option]));
  if (!tasks && given.length > 0) throw new UsageError(`${given.join(', ')}: expected --tasks, whose prompts ${given.length === 1 ? 'it is' : 'they are'} of; --task asks rows as they are`);
  if (fewshotAsTurns === false && !applyChatTemplate) throw new UsageError('--no-fewshot-as-turns: expected --apply-chat-template beside it; without it there are no turns');
  if (maxNewTokens !== undefined && !task) throw new UsageError('--max-new-tokens: expected --task beside it; tasks of --tasks say themselves how long answers are (max_gen_toks)');
}

/** The server to ask; undefined without one. */
function addressSetting({ address, model, keyVariable, addressConcurrency: concurrency, fresh, template, adapter, format }: Options): Setting {
  if (address === undefined) {
    if (model !== undefined || keyVariable !== undefined || concurrency !== undefined || fresh || template !== undefined) throw new UsageError('--model, --key-variable, --address-concurrency, --template, --fresh: expected --address beside them', ['--address http://127.0.0.1:8000/v1']);
    return { option: '--address', value: undefined };
  }
  if (model === undefined) throw new UsageError('--model: expected what the server calls the model; got none', ['--model gpt-4o-mini']);
  if (adapter !== undefined || format !== undefined) throw new UsageError('--adapter, --format: expected neither with --address');
  return partsOf({ url: ['--address', address], model: ['--model', model], keyVariable: ['--key-variable', keyVariable], concurrency: ['--address-concurrency', concurrency] });
}

/** "qa=exact-match:identity" -> the task `qa`; without a name the tag is the name. */
function parseTask(text: string, { maxNewTokens, judgeReference: reference }: Options) {
  const match = /^(?:([^=:]+)=)?(qa|exact-match|loss|judge|judge-pairs):(.+)$/.exec(text);
  if (!match) throw new UsageError(`--task: expected [NAME=]KIND:TAG with qa, exact-match, loss, judge or judge-pairs as KIND; got "${text}"`, ['--task qa=exact-match:identity', '--task forgetting=loss:replay', '--task mt=judge:mt-bench']);
  const [, name, word, tag] = match;
  const kind = word === 'judge-pairs' ? 'judge' : word!;
  return {
    kind, name: name ?? tag!, tag: tag!,
    ...(word === 'judge-pairs' && { mode: 'pairwise' }), ...(kind === 'judge' && reference && { reference }), ...(kind !== 'loss' && maxNewTokens !== undefined && { maxNewTokens }),
  };
}

/** The step's metrics are named TASK.METRIC; a metric's name has no dot. */
export function resultsByTask({ step }: Pick<FinishedJob, 'step'>): Record<string, Record<string, number>> {
  const results: Record<string, Record<string, number>> = {};
  for (const [key, value] of Object.entries(step.metrics)) {
    const dot = key.lastIndexOf('.');
    if (dot > 0 && typeof value === 'number') (results[key.slice(0, dot)] ??= {})[key.slice(dot + 1)] = value;
  }
  return results;
}
