import { Option, type Command } from 'commander';
import { addDomainOptions, type DomainCommandOptions } from '../domains/train-domains.js';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { methodChoices } from './method-choices.js';
import { objectiveChoices, optimizerChoices } from './objective-choices.js';

/** What was typed. Options that belong to a method, an objective or an optimizer are read by their choices. */
export interface TrainCommandOptions extends JobOptions, DomainCommandOptions {
  /** Not an option: the model stands first. */
  readonly model?: string;
  readonly dataset?: string;
  readonly method?: string;
  readonly objective?: string;
  readonly teacher?: string;
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
  readonly patience?: number;
  readonly keep?: string;
  readonly saveEvery?: number;
  readonly plan?: true;
  readonly resume?: string;
}

export function addTrainOptions(command: Command): void {
  const choice = (flags: string, description: string, choices: readonly string[]): Option => new Option(flags, description).choices(choices);
  command
    .argument('[model]', 'a registered reference or a path')
    .addOption(new Option('--model <model>', 'the model stands first').hideHelp())
    .optionsGroup('What is learned:')
    .option('--dataset <dataset>', 'a registered reference or a path (required)')
    .addOption(choice('--objective <objective>', 'from conversations, text, pairs of answers, or a teacher (default: "sft")', Object.keys(objectiveChoices.choices)))
    .option('--loss-scale <name>', 'sft: a weight for each token of an answer, such as react (default: "default")')
    .option('--beta <number>', 'dpo: how firmly it holds to the model as it was (default: 0.1)', number)
    .option('--sft-weight <number>', "dpo: weight of the chosen answer's own loss (default: 0)", number)
    .option('--teacher <model>', 'distill: whose distributions are learned; of the same vocabulary')
    .addOption(choice('--divergence <kind>', 'distill: which way the distributions are compared (default: "forward-kl")', ['forward-kl', 'reverse-kl']))
    .option('--temperature <number>', 'distill: softens both distributions (default: 1)', number)
    .option('--top-k <count>', 'distill: teacher tokens kept at each place; 0 for all (default: 0)', number)
    .option('--label-share <number>', "distill: share of the labels' own loss (default: 0.5)", number)
    .addOption(choice('--mixing <kind>', 'distill: that share stays, grows to 1, or follows how well the teacher knew each row (default: "hard")', ['hard', 'hard-and-decay', 'soft']))
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
    .option('--max-length <tokens>', 'longest row (default: 1024)', number)
    .addOption(choice('--long-rows <choice>', 'what becomes of longer ones (default: "refuse")', ['refuse', 'truncate', 'split', 'drop']))
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
    .option('--save-every <steps>', 'steps between checkpoints (default: every few minutes)', number)
    .option('--resume <run>', 'go on with a run that failed or was cancelled, from its last checkpoint: its id, or latest');
  addDomainOptions(command);
  command
    .optionsGroup('Job:')
    .option('--plan', 'say what it would take (steps, parameters, memory, time) and start nothing');
  addJobOptions(command, 'the adapter or model').addHelpText(
    'after',
    '\nExamples:\n  tunesmith train smollm2@prod --dataset helpdesk --method lora --rank 16 --epochs 3\n  tunesmith train smollm2@prod --dataset helpdesk --method full --evaluate-every 50 --keep best --plan\n  tunesmith train smollm2 --dataset six --domain-weights uniform --domain-schedule fostering --evaluate-every 50\n  tunesmith train --resume latest',
  );
}
