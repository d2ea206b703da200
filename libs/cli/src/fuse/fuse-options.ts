import { Option, type Command } from 'commander';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { addTuningOptions, type TuningCommandOptions } from '../train/tuning-options.js';

/** What was typed. */
export interface FuseCommandOptions extends TuningCommandOptions, JobOptions {
  readonly source: readonly string[];
  readonly dataset: string;
  readonly mode?: 'pairwise' | 'all-in-one';
  readonly fusion?: string;
  readonly compare?: string;
  readonly transfer?: string;
  readonly vocabulary?: string;
  readonly score?: string;
  readonly unmapped?: string;
  readonly topK?: number;
  readonly examples?: number;
  readonly lambda?: number;
  readonly temperature?: number;
  readonly mixing?: string;
  readonly reward?: string;
}

/** FuseChat's weight of the labels. */
export const usualLambda = 0.9;

export function addFuseOptions(command: Command): void {
  const choice = (flags: string, description: string, choices: readonly string[]): Option => new Option(flags, description).choices(choices);
  command
    .argument('<pivot>', 'the model that learns, and whose chat template writes the conversations: a registered reference or a path')
    .optionsGroup('What is fused:')
    .requiredOption('--source <model>', 'a model whose knowledge is fused into the pivot; of any vocabulary, with or without a template; may be given again', collect)
    .requiredOption('--dataset <dataset>', 'conversations: a registered reference or a path')
    .addOption(choice('--mode <mode>', 'one target for each source, to be merged, or one of all sources (default: "pairwise")', ['pairwise', 'all-in-one']))
    .addOption(choice('--fusion <function>', 'of each row the words of the model that knows it best, or a mixture (default: "min-ce")', ['min-ce', 'avg-ce']))
    .addOption(choice('--compare <by>', 'cross-entropies of each model\'s own tokens, as in the papers, or of the text, which favours no vocabulary (default: "token")', ['token', 'text']))
    .option('--top-k <count>', 'tokens that are kept of what a model expects (default: 10)', number)
    .option('--temperature <number>', 'softens what the models said before it is fused (default: 1)', number)
    .optionsGroup('How vocabularies meet:')
    .addOption(choice('--transfer <rule>', "when a source's words may stand for the pivot's (default: \"fusechat\")", ['fusechat', 'fusellm-hard', 'fusellm-soft']))
    .addOption(choice('--vocabulary <rule>', 'how a token without a twin is mapped (default: "statistics")', ['statistics', 'edit-distance', 'exact']))
    .addOption(choice('--score <score>', 'statistics: which of the tokens that it was aligned with (default: "repo")', ['repo', 'max-frequency']))
    .addOption(choice('--unmapped <choice>', 'a token that nothing maps is left out, or is the unknown token (default: "drop")', ['drop', 'unknown']))
    .option('--examples <rows>', 'rows that the alignment report shows (default: 5)', number)
    .optionsGroup('What is learned:')
    .option('--lambda <number>', `weight of the labels; the fused distributions have the rest (default: ${usualLambda})`, number)
    .addOption(choice('--mixing <kind>', 'that weight stays, grows to 1, or follows how well the models knew each row (default: "hard")', ['hard', 'hard-and-decay', 'soft']))
    .addOption(choice('--reward <whose>', 'soft mixing: whose knowledge counts (default: "best")', ['best', 'mean']));
  addTuningOptions(command, { maxLength: 2048, longRows: ['refuse', 'drop'] });
  command.optionsGroup('Job:');
  addJobOptions(command, 'the fused model (of several, each into a folder of its own) and the alignment report').addHelpText(
    'after',
    '\nExamples:\n  tunesmith fuse smollm2@prod --source qwen2.5-coder --source gemma3 --dataset helpdesk --method full --lr 5e-6\n  tunesmith fuse smollm2@prod --source qwen2.5-coder --dataset helpdesk --fusion avg-ce --lambda 0.8 --out fused',
  );
}
