import { defineCommand } from '../command.js';
import { UsageError } from '../errors.js';
import { isMergeFile, readMergeFile } from '../merge/read-merge-file.js';
import { addJobOptions, collectPairs, number, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';

interface Options extends JobOptions {
  readonly adapter?: string;
  readonly method?: string;
  readonly parameter?: StepSettings;
  readonly dtype?: string;
  readonly outDtype?: string;
  readonly tokenizer?: string;
  readonly chatTemplate?: string;
  readonly seed?: number;
  readonly maxShardBytes?: number;
  readonly dataset?: string;
  readonly perplexity?: boolean;
}

/** What a configuration says itself. */
const insideConfiguration = ['adapter', 'method', 'parameter', 'dtype', 'outDtype', 'tokenizer', 'chatTemplate'] as const;

export const merge = defineCommand<[base: string, models: readonly string[]], Options>({
  configure(command) {
    command
      .argument('<base>', 'the model to start from, a registered reference or a path; or a mergekit configuration (FILE.yaml)')
      .argument('[models...]', 'further models')
      .option('--adapter <adapter>', 'fold this LoRA adapter into the base: a registered reference or a PEFT folder')
      .option('--method <method>', 'linear, slerp, ties, … (default: "lora-fold" with an adapter)')
      .option('--parameter <NAME=VALUE>', 'a setting of the method; [a, b] is one for each model; may be given again', collectPairs)
      .option('--dtype <dtype>', 'what weights are turned into before they are merged: bfloat16, float16, float32, float64')
      .option('--out-dtype <dtype>', 'what they are stored in')
      .option('--tokenizer <source>', 'union or base, where the vocabularies differ')
      .option('--chat-template <template>', 'auto, the name of a built-in template, or the template itself')
      .option('--seed <n>', 'where the random numbers of random methods start', number)
      .option('--max-shard-bytes <n>', 'bytes of weights in one file', number)
      .option('--dataset <dataset>', 'rows for the perplexity of the result beside its parents')
      .option('--no-perplexity', 'do not compare the result with its parents');
    addJobOptions(command, 'the merged model').addHelpText('after', '\nExamples:\n  tunesmith merge smollm2@prod --adapter sha256:…\n  tunesmith merge smollm2:1 smollm2:2 --method slerp --parameter t=0.5\n  tunesmith merge ties.yaml --out merged --seed 1');
  },

  async run({ arguments: [base, models], options }, session) {
    const settings = await stepSettings('merge', {
      method: { option: '--method', value: options.method },
      parameters: { option: '--parameter', value: options.parameter },
      dtype: { option: '--dtype', value: options.dtype },
      outDtype: { option: '--out-dtype', value: options.outDtype },
      tokenizer: { option: '--tokenizer', value: options.tokenizer },
      chatTemplate: { option: '--chat-template', value: options.chatTemplate },
      seed: { option: '--seed', value: options.seed },
      maxShardBytes: { option: '--max-shard-bytes', value: options.maxShardBytes },
      perplexity: { option: '--no-perplexity', value: options.perplexity === false ? false : undefined },
    });
    if (isMergeFile(base)) expectConfigurationAlone(base, models, options);
    else expectModels(base, models, options);
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = isMergeFile(base) ? await readMergeFile(session, base) : { base: await resolveReference(session, base, 'BASE') };
    if (options.adapter !== undefined) references['adapter'] = await resolveReference(session, options.adapter, '--adapter');
    const others: string[] = [];
    for (const model of models) others.push(await resolveReference(session, model, 'MODELS'));
    if (others.length > 0) references['models'] = others;
    if (options.dataset !== undefined) references['dataset'] = await resolveReference(session, options.dataset, '--dataset');
    return jobCommand(session, { name: 'merge', uses: 'merge', with: { ...settings, ...references } }, options, (job) => artifactResult(session, job, ['model'], out));
  },
});

function expectModels(base: string, models: readonly string[], { adapter, method }: Options): void {
  if (adapter === undefined && models.length === 0) {
    throw new UsageError('merge: expected an adapter or further models; got the base alone', [`tunesmith merge ${base} --adapter sha256:…`, `tunesmith merge ${base} MODEL --method slerp`]);
  }
  if (adapter === undefined && method === undefined) throw new UsageError('--method: expected the name of a method, such as linear or slerp; got none', [`tunesmith merge ${[base, ...models].join(' ')} --method slerp`]);
}

function expectConfigurationAlone(path: string, models: readonly string[], options: Options): void {
  const given = insideConfiguration.filter((name) => options[name] !== undefined).map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  if (models.length > 0) given.unshift('further models');
  if (given.length > 0) throw new UsageError(`merge: expected everything but --seed, --max-shard-bytes, --dataset and --out inside ${path}; got ${given.join(', ')} beside it`);
}
