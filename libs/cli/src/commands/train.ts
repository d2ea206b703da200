import { defineCommand } from '../command.js';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings } from '../runs/step-settings.js';
import { UsageError } from '../errors.js';
import { Option } from 'commander';

interface Options extends JobOptions {
  readonly model: string;
  readonly dataset: string;
  readonly method: 'lora' | 'full';
  readonly rank?: number;
  readonly alpha?: number;
  readonly dropout?: number;
  readonly targetModule?: readonly string[];
  readonly maxLength?: number;
  readonly batch?: number;
  readonly steps?: number;
  readonly epochs?: number;
  readonly lr?: number;
  readonly schedule?: string;
  readonly warmupRatio?: number;
  readonly weightDecay?: number;
  readonly maxGradientNorm?: number;
  readonly seed?: number;
  readonly order?: string;
  readonly dtype?: string;
}

export const train = defineCommand<[], Options>({
  configure(command) {
    command
      .requiredOption('--model <model>', 'a registered reference or a path')
      .requiredOption('--dataset <dataset>', 'a registered reference or a path')
      .addOption(new Option('--method <method>', 'what is tuned').choices(['lora', 'full']).default('lora'))
      .option('--rank <number>', 'lora: rank (default: 8)', number)
      .option('--alpha <number>', 'lora: the update is scaled by alpha / rank (default: 16)', number)
      .option('--dropout <number>', 'lora: dropout (default: 0)', number)
      .option('--target-module <name>', 'lora: tune this linear, such as q_proj; may be given again (default: all)', collect)
      .option('--max-length <tokens>', 'longer rows are refused (default: 1024)', number)
      .option('--batch <rows>', 'rows per optimizer step (default: 8)', number)
      .option('--steps <count>', 'optimizer steps; overrides --epochs', number)
      .option('--epochs <number>', 'passes over the rows (default: 1)', number)
      .option('--lr <number>', 'learning rate (default: 2e-4)', number)
      .addOption(new Option('--schedule <schedule>', 'learning rate over time (default: "cosine")').choices(['constant', 'linear', 'cosine']))
      .option('--warmup-ratio <number>', 'part of the steps in which the learning rate rises (default: 0.05)', number)
      .option('--weight-decay <number>', 'decoupled weight decay (default: 0)', number)
      .option('--max-gradient-norm <number>', 'gradients are clipped to this norm (default: 1)', number)
      .option('--seed <number>', 'the same seed gives the same bytes (default: 1)', number)
      .addOption(new Option('--order <order>', 'order of the rows (default: "shuffle")').choices(['shuffle', 'file']))
      .addOption(new Option('--dtype <dtype>', 'what the weights are computed in (default: "bfloat16")').choices(['bfloat16', 'float32']));
    addJobOptions(command, 'the adapter or model').addHelpText('after', '\nExample: tunesmith train --model smollm2@prod --dataset helpdesk --rank 16 --epochs 3');
  },

  async run({ options }, session) {
    const settings = await stepSettings('train', {
      method: { option: '--method', options: { rank: '--rank', alpha: '--alpha', dropout: '--dropout', targetModules: '--target-module' }, value: tuningMethod(options) },
      maxLength: { option: '--max-length', value: options.maxLength },
      batch: { option: '--batch', value: options.batch },
      steps: { option: '--steps', value: options.steps },
      epochs: { option: '--epochs', value: options.epochs },
      learningRate: { option: '--lr', value: options.lr },
      schedule: { option: '--schedule', value: options.schedule },
      warmupRatio: { option: '--warmup-ratio', value: options.warmupRatio },
      optimizer: { option: '--weight-decay', value: options.weightDecay === undefined ? undefined : { kind: 'adamw', weightDecay: options.weightDecay } },
      maxGradientNorm: { option: '--max-gradient-norm', value: options.maxGradientNorm },
      seed: { option: '--seed', value: options.seed },
      order: { option: '--order', value: options.order },
      dtype: { option: '--dtype', value: options.dtype },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references = { model: await resolveReference(session, options.model, '--model'), dataset: await resolveReference(session, options.dataset, '--dataset') };
    return jobCommand(session, { name: 'train', uses: 'train', with: { ...settings, ...references } }, options, (job) => artifactResult(session, job, ['adapter', 'model'], out));
  },
});

function tuningMethod({ method, rank, alpha, dropout, targetModule }: Options) {
  const given = Object.entries({ rank, alpha, dropout, targetModules: targetModule && [...targetModule] }).filter((entry): entry is [string, number | string[]] => entry[1] !== undefined);
  if (method === 'full' && given.length > 0) {
    throw new UsageError('--method full: expected none of --rank, --alpha, --dropout and --target-module, which belong to lora', ['--method lora']);
  }
  return { kind: method, ...Object.fromEntries(given) };
}
