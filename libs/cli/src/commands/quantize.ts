import { defineCommand } from '../command.js';
import { UsageError } from '../errors.js';
import { addJobOptions, collect, collectList, number, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { describeCompensated } from '../runs/describe-compensated.js';
import { describeQuantized } from '../runs/describe-quantized.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import { partsOf } from '../runs/teacher-settings.js';

interface Options extends JobOptions {
  readonly to: readonly string[];
  readonly dataset?: string;
  readonly tag?: string;
  readonly calibration?: string;
  readonly compensate?: boolean;
  readonly importance?: string;
  readonly adapter?: string;
  readonly question?: readonly string[];
  readonly hfFormat?: string;
  readonly groupSize?: number;
  readonly asymmetric?: boolean;
  readonly actOrder?: string;
  readonly damping?: number;
  readonly alpha?: number;
  readonly memory?: number;
}

export const quantize = defineCommand<[model: string], Options>({
  configure(command) {
    command
      .argument('<model>', 'a registered reference or a path')
      .requiredOption('--to <formats>', 'gguf/ with f32, f16, bf16, q8_0, q6_k, q5_k_m, q5_k_s, q4_k_m, q4_k_s, q3_k_l, q3_k_m, q3_k_s, q2_k, q4_0, q4_1, q5_0, q5_1 or iq4_nl; onnx/int4, onnx/int8, onnx/fp16, onnx/fp32; hf/ with rtn-int4, rtn-int8, hqq-int4, gptq-int4, gptq-int8, gptq-int3, awq-int4 or w8a8; several with commas, or given again', collectList)
      .option('--dataset <dataset>', 'held-out rows for the perplexity of each file and its KL divergence from the model (default: a short text of ours)')
      .option('--tag <tag>', 'which held-out rows: those with this tag')
      .option('--calibration <dataset>', 'rows that the model is shown to see which columns of its weights matter (the importance matrix of GGUF files), and what hf/gptq-…, hf/awq-… and hf/w8a8 look at')
      .option('--compensate', 'of GGUF files and hf/gptq-…, with --calibration: the columns of each linear make up for what the ones before them, and the layers before, lost by being rounded; as large as without, nearer to the model, and minutes longer to write')
      .option('--importance <files>', 'an importance matrix: a GGUF file of llama-imatrix, or what an earlier quantize with --calibration made')
      .option('--adapter <adapter>', 'a LoRA of the model, written as a GGUF adapter that llama.cpp applies to the files')
      .option('--question <text>', 'asked of each file by the runtime that loads it; may be given again (default: one of ours)', collect)
      .option('--hf-format <format>', 'of targets hf/…: compressed-tensors or gptq')
      .option('--group-size <columns>', 'of targets hf/…: columns that share a scale, 32, 64, 128 or 256; 0 for a scale for each row', number)
      .option('--asymmetric', 'of targets hf/…: each group has a zero point')
      .option('--act-order <order>', 'of targets hf/gptq-…: none, static (columns that see most first; the default) or group (groups too)')
      .option('--damping <share>', 'of targets hf/gptq-… and --compensate: the share of its mean that is added to the diagonal of the Hessian (0.01; with --compensate 0.1)', number)
      .option('--alpha <share>', 'of hf/w8a8: how much of the range of inputs moves into the weights (0.5)', number)
      .option('--memory <gib>', 'of targets hf/… and --compensate: the most memory that calibrating may take; rows that do not fit are left out (8)', number);
    addJobOptions(command, 'the files').addHelpText('after', '\nExample: tunesmith quantize smollm2@prod --to gguf/q4_k_m,onnx/int4 --question "Who are you?" --out files');
  },

  async run({ arguments: [model], options }, session) {
    if (options.compensate === true && options.calibration === undefined) throw new UsageError('--compensate: expected --calibration beside it, a dataset whose rows the model is shown; got none', ['--compensate --calibration DATASET']);
    // Beside --compensate these are of GGUF files too, and of those alone where no packed folder takes them.
    const ofGguf = options.to.some((target) => target.startsWith('gguf/'));
    const compensation = partsOf({ damping: ['--damping', ofGguf ? options.damping : undefined], memory: ['--memory', ofGguf ? options.memory : undefined] });
    const { takesHfOption } = await import('@tunesmith/contracts');
    const ofPacked = (option: 'damping' | 'memory') => (options.compensate !== true || takesHfOption(options.to, option) ? options[option] : undefined);
    const settings = await stepSettings('quantize', {
      to: { option: '--to', value: [...options.to] },
      tag: { option: '--tag', value: options.tag },
      hf: {
        ...partsOf({
          format: ['--hf-format', options.hfFormat], groupSize: ['--group-size', options.groupSize], symmetric: ['--asymmetric', options.asymmetric === true ? false : undefined],
          actOrder: ['--act-order', options.actOrder], damping: ['--damping', ofPacked('damping')], alpha: ['--alpha', options.alpha], memory: ['--memory', ofPacked('memory')],
        }),
        option: 'hf/…',
      },
      compensate: { ...compensation, value: options.compensate === true ? (compensation.value ?? true) : undefined },
      questions: { option: '--question', value: options.question && [...options.question] },
    });
    await expectUsed(settings, options);
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { model: await resolveReference(session, model, 'MODEL') };
    if (options.dataset !== undefined) references['dataset'] = await resolveReference(session, options.dataset, '--dataset');
    if (options.calibration !== undefined) references['calibration'] = await resolveReference(session, options.calibration, '--calibration');
    if (options.importance !== undefined) references['importance'] = await resolveReference(session, options.importance, '--importance');
    if (options.adapter !== undefined) references['adapter'] = await resolveReference(session, options.adapter, '--adapter');
    return jobCommand(session, { name: 'quantize', uses: 'quantize', with: { ...settings, ...references } }, options, async (job) => {
      const result = await artifactResult(session, job, ['gguf', 'onnx', 'hf'], out, describeQuantized);
      return { ...result, lines: [...result.lines, ...describeCompensated(job.step.metrics)] };
    });
  },
});

/** What each key of the step's settings is called here. */
const optionNames: Readonly<Record<string, string>> = {
  tag: '--tag', compensate: '--compensate', calibration: '--calibration', importance: '--importance', adapter: '--adapter', hf: '--hf-format, --group-size, --asymmetric',
  'hf.actOrder': '--act-order', 'hf.damping': '--damping', 'hf.alpha': '--alpha', 'hf.memory': '--memory',
};

/** Whether all that was given says something about the targets; which artifacts are meant is looked up later. */
async function expectUsed(settings: StepSettings, { dataset, calibration, importance, adapter }: Options): Promise<void> {
  const { issueMessage, mediaTypes, QuantizeSpec } = await import('@tunesmith/contracts');
  const artifact = { digest: `sha256:${'0'.repeat(64)}`, size: 0, mediaType: mediaTypes.model };
  const given = Object.entries({ model: true, dataset, calibration, importance, adapter }).filter(([, value]) => value !== undefined);
  const whole = { ...settings, ...Object.fromEntries(given.map(([key]) => [key, artifact])) };
  const problems = QuantizeSpec.safeParse(whole).error?.issues.map((issue) => `${optionNames[issue.path.join('.')] ?? issue.path.join('.')}: ${issueMessage(issue, whole)}`) ?? [];
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
}
