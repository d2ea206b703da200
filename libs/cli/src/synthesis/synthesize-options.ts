import { Option, type Command } from 'commander';
import { addJobOptions, collect, collectTexts, number, prices, type JobOptions, type Prices } from '../options.js';
import { addAddressOptions, type AddressOptions } from '../runs/teacher-settings.js';

export const synthesisKinds = ['self-replay', 'instructions', 'responses'] as const;
export type SynthesisKind = (typeof synthesisKinds)[number];

/** What was typed; which options belong to which kind is in `synthesize-settings.ts`. */
export interface SynthesizeOptions extends JobOptions, AddressOptions {
  readonly kind?: SynthesisKind;
  readonly model?: string;
  readonly maxNewTokens?: number;
  readonly placeholder?: Readonly<Record<string, string>>;
  readonly teacher?: string;
  readonly teacherModel?: string;
  readonly keyVariable?: string;
  readonly seeds?: string;
  readonly rows?: number;
  readonly requests?: number;
  readonly examples?: number;
  readonly items?: number;
  readonly longestSeed?: number;
  readonly topics?: string;
  readonly topicShare?: number;
  readonly topicsPerRequest?: number;
  readonly topicWords?: number;
  readonly topicSubcategories?: number;
  readonly topicPages?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly instructionTokens?: number;
  readonly answerTemperature?: number;
  readonly answerTokens?: number;
  readonly minWords?: number;
  readonly maxWords?: number;
  readonly answerWords?: number;
  readonly language?: readonly string[];
  readonly nearDuplicates?: number | 'off';
  readonly keepRefusals?: true;
  readonly judge?: string;
  readonly judgeModel?: string;
  readonly judgeKeyVariable?: string;
  readonly judgePrices?: Prices;
  readonly judgeSpendingCap?: number;
  readonly judgeKeeps?: readonly string[];
  readonly name?: string;
  readonly source?: string;
  readonly seed?: number;
  readonly batch?: number;
  readonly dtype?: string;
  readonly encoder?: string;
}

export function addSynthesizeOptions(command: Command): void {
  const choice = (flags: string, description: string, choices: readonly string[]): Option => new Option(flags, description).choices(choices);
  command
    .argument('[dataset]', 'self-replay: rows with "answerWith":"self" get an answer; responses: rows whose questions get one')
    .addOption(choice('--kind <kind>', 'a model completes open rows; a teacher makes instructions from seeds and answers them; a teacher answers questions (default: "self-replay")', synthesisKinds))
    .optionsGroup('self-replay:')
    .option('--model <model>', 'the model that answers')
    .option('--max-new-tokens <count>', 'longest answer (default: 96)', number)
    .option('--placeholder <NAME=VALUE>', 'the value of {{NAME}} in the rows; may be given again', collectTexts)
    .optionsGroup('Teacher (instructions, responses):')
    .option('--teacher <teacher>', 'a registered model or a folder, FILE.gguf (in llama.cpp), or the address of an OpenAI-compatible server up to /chat/completions')
    .option('--teacher-model <name>', 'address: what the server calls the model')
    .option('--key-variable <NAME>', "address: the platform's environment variable with the key, such as OPENAI_API_KEY; the key is stored nowhere");
  addAddressOptions(command)
    .optionsGroup('Instructions:')
    .option('--seeds <dataset>', 'a registered reference or a file; the questions of its rows are the examples (required)')
    .option('--rows <count>', 'rows wanted (default: 100)', number)
    .option('--requests <count>', 'requests for instructions, at most (default: four times what would do, and 16)', number)
    .option('--examples <count>', 'seeds that a request shows, two at least (default: 3)', number)
    .option('--items <count>', 'new instructions that a request asks for (default: 20)', number)
    .option('--longest-seed <characters>', 'longer seeds are never shown (default: 800)', number)
    .option('--topics <file>', 'a file of topics (titles, or categories with subcategories and pages), or the word teacher: it names them')
    .option('--topic-share <number>', 'part of the requests that topics guide (default: 0.5 with --topics)', number)
    .option('--topics-per-request <count>', 'topics that such a request names (default: 3)', number)
    .option('--topic-words <count>', 'titles of more words are left out (default: 2)', number)
    .option('--topic-subcategories <count>', 'categories with fewer are left out (default: 11)', number)
    .option('--topic-pages <count>', 'categories with fewer are left out (default: 51)', number)
    .option('--temperature <number>', 'of the requests for instructions (default: 1)', number)
    .option('--top-p <number>', 'of the same (default: 0.95)', number)
    .option('--instruction-tokens <count>', 'longest answer to such a request (default: 1024)', number)
    .optionsGroup('Answers (instructions, responses):')
    .option('--answer-temperature <number>', '0 takes the likeliest token (default: 0)', number)
    .option('--answer-tokens <count>', 'longest answer (default: 256)', number)
    .optionsGroup('Filters (instructions, responses):')
    .option('--min-words <count>', 'shorter instructions are left out (default: 3)', number)
    .option('--max-words <count>', 'longer instructions are left out (default: 150)', number)
    .option('--answer-words <count>', 'longer answers are left out (default: 500)', number)
    .option('--language <code>', 'keep instructions in this language (ISO 639-3, such as eng); may be given again (default: any)', collect)
    .option('--near-duplicates <share|off>', 'share of common shingles from which an instruction repeats another or a seed (default: 0.7)', shareOrOff)
    .option('--keep-refusals', 'keep answers that decline')
    .option('--judge <judge>', 'a model that grades the rows: as --teacher')
    .option('--judge-model <name>', 'address: what the server calls the judge')
    .option('--judge-key-variable <NAME>', "address: the variable with the judge's key")
    .option('--judge-prices <PROMPT:ANSWER>', 'address: what a million tokens of the judge cost', prices)
    .option('--judge-spending-cap <amount>', 'address: the most that may be spent on the judge', number)
    .option('--judge-keeps <grades>', 'grades that are kept (default: A,B)', list)
    .optionsGroup('Result:')
    .option('--name <name>', 'register the rows as the next version of this dataset')
    .option('--encoder <folder>', 'a sentence encoder (model.onnx or a BERT, with tokenizer.json), for the spread of meanings in the report')
    .option('--source <name>', "what the rows' origin and tags call the lot (default: synthesized, answered)")
    .option('--seed <number>', 'the same request with the same seed gives the same rows (default: 1)', number)
    .option('--batch <prompts>', 'prompts that are asked together and stored together (default: 128)', number)
    .addOption(choice('--dtype <dtype>', 'what models of the registry are computed in (default: "bfloat16")', ['bfloat16', 'float32']));
  addJobOptions(command, 'the dataset and its report').addHelpText(
    'after',
    [
      '',
      'Examples:',
      '  tunesmith dataset synthesize helpdesk --model smollm2@prod',
      '  tunesmith dataset synthesize --kind instructions --teacher qwen@prod --seeds seeds.jsonl --rows 500 --name distilled',
      '  tunesmith dataset synthesize --kind instructions --teacher model.gguf --seeds seeds.jsonl --topics categories.csv --judge qwen@prod',
      '  tunesmith dataset synthesize --kind instructions --teacher https://api.openai.com/v1 --teacher-model gpt-4o-mini --key-variable OPENAI_API_KEY',
      '                               --prices 0.15:0.6 --spending-cap 5 --seeds seeds.jsonl --rows 10000 --name distilled',
      '  tunesmith dataset synthesize questions --kind responses --teacher qwen@prod',
      '',
      'A run that was interrupted goes on where it stopped: tunesmith run resume RUN. What a teacher has answered is not asked again.',
      'Where the spending cap ends it, what was made until then is kept.',
    ].join('\n'),
  );
}

function shareOrOff(text: string): number | 'off' {
  return text === 'off' ? 'off' : number(text);
}

function list(text: string): readonly string[] {
  return text.split(',').map((each) => each.trim());
}
