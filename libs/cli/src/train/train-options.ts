import { InvalidArgumentError, Option, type Command } from 'commander';
import { addDomainOptions, type DomainCommandOptions } from '../domains/train-domains.js';
import { addJobOptions, number, type JobOptions } from '../options.js';
import { objectiveChoices } from './objective-choices.js';
import { addTuningOptions, type TuningCommandOptions } from './tuning-options.js';

/** What was typed. Options that belong to a method, an objective or an optimizer are read by their choices. */
export interface TrainCommandOptions extends TuningCommandOptions, JobOptions, DomainCommandOptions {
  /** Not an option: the model stands first. */
  readonly model?: string;
  readonly adapter?: string;
  readonly dataset?: string;
  readonly objective?: string;
  readonly teacher?: string;
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
    .option('--adapter <adapter>', 'lora and its kin: begin with this adapter of the model, of the same rank, alpha and targets; a registered reference or a PEFT folder')
    .addOption(choice('--objective <objective>', 'from conversations, text, pairs of answers, or a teacher (default: "sft")', Object.keys(objectiveChoices.choices)))
    .option('--loss-scale <scale>', 'sft: a weight for each token of an answer: a name such as react, or a rule as JSON, such as \'{"SQL:":[1,3]}\' (default: "default")', lossScale)
    .option('--beta <number>', 'dpo: how firmly it holds to the model as it was (default: 0.1)', number)
    .option('--sft-weight <number>', "dpo: weight of the chosen answer's own loss (default: 0)", number)
    .option('--teacher <model>', 'distill: whose distributions are learned; of the same vocabulary')
    .addOption(choice('--divergence <kind>', 'distill: which way the distributions are compared (default: "forward-kl")', ['forward-kl', 'reverse-kl']))
    .option('--temperature <number>', 'distill: softens both distributions (default: 1)', number)
    .option('--top-k <count>', 'distill: teacher tokens kept at each place; 0 for all (default: 0)', number)
    .option('--label-share <number>', "distill: share of the labels' own loss (default: 0.5)", number)
    .addOption(choice('--mixing <kind>', 'distill: that share stays, grows to 1, or follows how well the teacher knew each row (default: "hard")', ['hard', 'hard-and-decay', 'soft']));
  addTuningOptions(command, { maxLength: 1024, longRows: ['refuse', 'truncate', 'split', 'drop'] });
  command.option('--resume <run>', 'go on with a run that failed or was cancelled, from its last checkpoint: its id, or latest');
  addDomainOptions(command);
  command
    .optionsGroup('Job:')
    .option('--plan', 'say what it would take (steps, parameters, memory, time) and start nothing');
  addJobOptions(command, 'the adapter or model').addHelpText(
    'after',
    '\nExamples:\n  tunesmith train smollm2@prod --dataset helpdesk --method lora --rank 16 --epochs 3\n  tunesmith train smollm2@prod --dataset helpdesk --method full --evaluate-every 50 --keep best --plan\n  tunesmith train smollm2 --dataset six --domain-weights uniform --evaluate-every 50\n  tunesmith train smollm2 --dataset six --domain-weights uniform --domain-schedule fostering --reference-report sha256:… --evaluate-every 50\n  tunesmith train --resume latest',
  );
}

/** A name as it stands; what begins like an object is a rule of one's own. */
function lossScale(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidArgumentError('Expected a name such as react, or JSON with two weights for a marker and one for a regular expression, such as {"SQL:":[1,3],"<think>.*?</think>":[0]}.');
  }
}
