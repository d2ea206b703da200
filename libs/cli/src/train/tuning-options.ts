import { Option, type Command } from 'commander';
import { UsageError } from '../errors.js';
import { collect, number } from '../options.js';
import type { Setting } from '../runs/step-settings.js';
import { chosenSettings, flagsBySetting, type Choices } from './chosen-options.js';
import { methodChoices } from './method-choices.js';
import { optimizerChoices } from './objective-choices.js';

/** How a training goes, whatever is learned. Options that belong to a method or an optimizer are read by their choices. */
export interface TuningCommandOptions {
  readonly method?: string;
  readonly optimizer?: string;
  readonly freeze?: readonly string[];
  readonly trainOnly?: readonly string[];
  readonly neftune?: number;
  readonly maxLength?: number;
  readonly longRows?: string;
  readonly packing?: true;
  readonly batch?: number;
  readonly accumulate?: number;
  readonly steps?: number;
  readonly epochs?: number;
  readonly order?: string;
  readonly seed?: number;
  readonly dtype?: string;
  readonly lr?: number;
  readonly schedule?: string;
  readonly warmupRatio?: number;
  readonly warmupSteps?: number;
  readonly maxGradientNorm?: number;
  readonly evaluateEvery?: number;
  readonly patience?: number;
  readonly keep?: string;
  readonly saveEvery?: number;
}

/** @param rows the longest row without an option, and what may become of longer ones */
export function addTuningOptions(command: Command, rows: { readonly maxLength: number; readonly longRows: readonly string[] }): void {
  const choice = (flags: string, description: string, choices: readonly string[]): Option => new Option(flags, description).choices(choices);
  command
    .optionsGroup('How it is tuned:')
    .addOption(choice('--method <method>', 'which weights learn, and how (default: "lora")', Object.keys(methodChoices.choices)))
    .option('--rank <number>', 'lora and its kin: rank (default: 8; galore: 128)', number)
    .option('--alpha <number>', 'lora and its kin: the update is scaled by alpha / rank (default: 16; adalora: 32)', number)
    .option('--dropout <number>', 'lora and its kin: chance that an input of the update is dropped (default: 0)', number)
    .option('--target-module <name>', 'lora and its kin: tune this linear, such as q_proj; may be given again (default: all)', collect)
    .option('--lr-ratio <number>', 'lora-plus: B learns this many times faster than A (default: 16)', number)
    .addOption(choice('--base <type>', 'qlora: how the frozen linears are held (default: "nf4")', ['int8', 'nf4']))
    .option('--initial-rank <number>', 'adalora: rank at the beginning (default: 12)', number)
    .option('--freeze <pattern>', 'freeze: a regular expression of parameters that stay; may be given again', collect)
    .option('--train-only <pattern>', 'freeze: a regular expression; only such parameters learn; may be given again', collect)
    .option('--layers <count>', 'lisa: layers that learn at a time (default: 2)', number)
    .option('--interval <steps>', 'lisa, galore, adalora: steps until the choice is made anew (default: 20, 50, 1)', number)
    .option('--scale <number>', 'galore: scale of the projected update (default: 1)', number)
    .option('--neftune <alpha>', 'noise on embeddings while training; 0 for none (default: 0)', number)
    .addOption(choice('--dtype <dtype>', 'what the weights are computed in (default: "bfloat16")', ['bfloat16', 'float32']))
    .optionsGroup('Rows and steps:')
    .option('--max-length <tokens>', `longest row (default: ${rows.maxLength})`, number)
    .addOption(choice('--long-rows <choice>', 'what becomes of longer ones (default: "refuse")', rows.longRows))
    .option('--packing', 'join rows to packs of the longest length; --batch counts packs')
    .option('--batch <rows>', 'rows of one pass (default: 8)', number)
    .option('--accumulate <passes>', 'passes per optimizer step, whose loss is that of one big batch (default: 1)', number)
    .option('--epochs <number>', 'passes over the rows (default: 1)', number)
    .option('--steps <count>', 'optimizer steps; overrides --epochs', number)
    .addOption(choice('--order <order>', 'order of the rows (default: "shuffle")', ['shuffle', 'file']))
    .option('--seed <number>', 'the same seed gives the same bytes (default: 1)', number)
    .optionsGroup('Optimizer:')
    .addOption(choice('--optimizer <optimizer>', 'what moves the weights (default: "adamw")', Object.keys(optimizerChoices.choices)))
    .option('--lr <number>', 'learning rate at its highest (default: 2e-4)', number)
    .addOption(choice('--schedule <schedule>', 'learning rate over time (default: "cosine")', ['constant', 'linear', 'cosine']))
    .option('--warmup-ratio <number>', 'part of the steps in which the learning rate rises (default: 0.05)', number)
    .option('--warmup-steps <count>', 'steps in which it rises; overrides --warmup-ratio', number)
    .option('--weight-decay <number>', 'decoupled weight decay (default: 0)', number)
    .option('--momentum <number>', 'muon: momentum (default: 0.95)', number)
    .option('--max-gradient-norm <number>', 'gradients are clipped to this norm (default: 1)', number)
    .optionsGroup('Evaluation and checkpoints:')
    .option('--evaluate-every <steps>', 'evaluate on the validation split (default: never)', number)
    .option('--patience <count>', 'stop after this many evaluations without a better loss', number)
    .addOption(choice('--keep <weights>', 'which weights are the result: the last, or those of the best evaluation (default: "last")', ['last', 'best']))
    .option('--save-every <steps>', 'steps between checkpoints (default: every few minutes)', number);
}

/** Settings of a train step that were given, but for the rows' length. */
export function tuningSettings(options: TuningCommandOptions): Record<string, Setting> {
  return {
    method: chosenSetting(methodChoices, options.method, options, 'lora'),
    optimizer: chosenSetting(optimizerChoices, options.optimizer, options, 'adamw'),
    neftuneAlpha: { option: '--neftune', value: options.neftune },
    packing: { option: '--packing', value: options.packing },
    batch: { option: '--batch', value: options.batch },
    accumulate: { option: '--accumulate', value: options.accumulate },
    steps: { option: '--steps', value: options.steps },
    epochs: { option: '--epochs', value: options.epochs },
    order: { option: '--order', value: options.order },
    seed: { option: '--seed', value: options.seed },
    dtype: { option: '--dtype', value: options.dtype },
    learningRate: { option: '--lr', value: options.lr },
    schedule: { option: '--schedule', value: options.schedule },
    warmupRatio: { option: '--warmup-ratio', value: options.warmupRatio },
    warmupSteps: { option: '--warmup-steps', value: options.warmupSteps },
    maxGradientNorm: { option: '--max-gradient-norm', value: options.maxGradientNorm },
    evaluateEvery: { option: '--evaluate-every', value: options.evaluateEvery },
    patience: { option: '--patience', value: options.patience },
    keep: { option: '--keep', value: options.keep },
    saveEvery: { option: '--save-every', value: options.saveEvery },
  };
}

/** The setting that a choice and the options that belong to it make together. */
export function chosenSetting(choices: Choices, name: string | undefined, options: object, fallback: string): Setting {
  return { option: choices.option, options: flagsBySetting(choices, name, fallback), value: chosenSettings(choices, name, { ...options }, fallback) };
}

/** What the options say together. @throws UsageError */
export function expectTuningCombination({ method, freeze, trainOnly, evaluateEvery, patience, keep }: TuningCommandOptions): void {
  if (method === 'freeze' && freeze === undefined && trainOnly === undefined) throw new UsageError('--method freeze: expected --freeze or --train-only; got neither', ["--freeze 'embed_tokens'", "--train-only 'layers\\.2[0-9]\\.'"]);
  if (patience !== undefined && evaluateEvery === undefined) throw new UsageError('--patience: expected --evaluate-every, whose evaluations it counts; got none', ['--evaluate-every 50']);
  if (keep === 'best' && evaluateEvery === undefined) throw new UsageError('--keep best: expected --evaluate-every, which says what is best; got none', ['--evaluate-every 50']);
}
