import { UsageError } from '../errors.js';
import { flagOf } from '../options.js';
import { providePath, resolveReference } from '../runs/references.js';
import { stepSettings, type Setting, type StepSettings } from '../runs/step-settings.js';
import { addressKeys, addressSetting, isAddress, partsOf, teacherReference } from '../runs/teacher-settings.js';
import type { Session } from '../session.js';
import type { SynthesisKind, SynthesizeOptions } from './synthesize-options.js';

type OptionKey = keyof SynthesizeOptions;

const common: readonly OptionKey[] = ['kind', 'out', 'detach'];
const addressOptions: readonly OptionKey[] = ['teacherModel', 'keyVariable', ...addressKeys];
const judgeAddressOptions: readonly OptionKey[] = ['judgeModel', 'judgeKeyVariable', 'judgePrices', 'judgeSpendingCap'];
const answering: readonly OptionKey[] = [
  'teacher', ...addressOptions, 'answerTemperature', 'answerTokens', 'answerWords', 'keepRefusals', 'judge', 'judgeModel', 'judgeKeyVariable', 'judgePrices', 'judgeSpendingCap', 'judgeKeeps', 'name', 'source', 'seed', 'batch', 'dtype', 'encoder',
];
const taken: Readonly<Record<SynthesisKind, readonly OptionKey[]>> = {
  'self-replay': [...common, 'model', 'maxNewTokens', 'placeholder'],
  responses: [...common, ...answering],
  instructions: [
    ...common, ...answering, 'seeds', 'rows', 'requests', 'examples', 'items', 'longestSeed', 'topics', 'topicShare', 'topicsPerRequest', 'topicWords', 'topicSubcategories', 'topicPages',
    'temperature', 'topP', 'instructionTokens', 'minWords', 'maxWords', 'language', 'nearDuplicates',
  ],
};

/** The `with` of the synthesize step: settings checked against its schema, and what they refer to, which the platform can read. */
export async function synthesizeSettings(session: Session, dataset: string | undefined, options: SynthesizeOptions): Promise<StepSettings> {
  const kind = options.kind ?? 'self-replay';
  expectOptions(kind, dataset, options);
  const settings = await stepSettings('synthesize', { kind: { option: '--kind', value: kind }, ...(kind === 'self-replay' ? replaySettings(options) : answeringSettings(kind, options)) });
  return { ...settings, ...(await references(session, kind, dataset, options)) };
}

function expectOptions(kind: SynthesisKind, dataset: string | undefined, options: SynthesizeOptions): void {
  const foreign = Object.keys(options).filter((key) => key !== 'wait' && key !== 'json' && !taken[kind].includes(key as OptionKey));
  if (foreign.length > 0) {
    const owners = Object.entries(taken).filter(([, keys]) => foreign.every((key) => keys.includes(key as OptionKey))).map(([name]) => `--kind ${name}`);
    throw new UsageError(`--kind ${kind}: expected none of ${foreign.map(flagOf).join(', ')}`, owners);
  }
  const missing = [
    ...(kind === 'self-replay' && options.model === undefined ? ['--model <model>'] : []),
    ...(kind !== 'self-replay' && options.teacher === undefined ? ['--teacher <teacher>'] : []),
    ...(kind === 'instructions' && options.seeds === undefined ? ['--seeds <dataset>'] : []),
    ...(kind !== 'instructions' && dataset === undefined ? ['DATASET'] : []),
  ];
  if (missing.length > 0) throw new UsageError(`--kind ${kind}: expected ${missing.join(' and ')}; got none`, ['tunesmith dataset synthesize --help']);
  if (kind === 'instructions' && dataset !== undefined) throw new UsageError(`--kind instructions: expected no DATASET, because seeds are given by --seeds; got ${dataset}`, [`--seeds ${dataset}`]);
  const isAddressed = options.teacher !== undefined && isAddress(options.teacher);
  const stray = addressOptions.filter((key) => options[key] !== undefined);
  if (!isAddressed && stray.length > 0) throw new UsageError(`${stray.map(flagOf).join(', ')}: expected an address as --teacher; got ${options.teacher}`, ['--teacher https://api.openai.com/v1']);
  if (isAddressed && options.teacherModel === undefined) throw new UsageError('--teacher-model: expected what the server calls the model; got none', ['--teacher-model gpt-4o-mini']);
  if (options.judge !== undefined && isAddress(options.judge) && options.judgeModel === undefined) throw new UsageError('--judge-model: expected what the server calls the judge; got none');
  const judgeStray = judgeAddressOptions.filter((key) => options[key] !== undefined);
  if (options.judge === undefined && (judgeStray.length > 0 || options.judgeKeeps !== undefined)) throw new UsageError('--judge: expected the model that grades; got none, but options of it');
  if (options.judge !== undefined && !isAddress(options.judge) && judgeStray.length > 0) throw new UsageError(`${judgeStray.map(flagOf).join(', ')}: expected an address as --judge; got ${options.judge}`, ['--judge https://api.openai.com/v1']);
  if (options.judgeSpendingCap !== undefined && options.judgePrices === undefined) throw new UsageError('--judge-spending-cap: expected --judge-prices, which say what a grade costs', ['--judge-prices 0.15:0.6']);
  if (options.spendingCap !== undefined && options.prices === undefined) throw new UsageError('--spending-cap: expected --prices, which say what an answer costs', ['--prices 0.15:0.6']);
}

function replaySettings({ maxNewTokens, placeholder }: SynthesizeOptions): Record<string, Setting> {
  return { maxNewTokens: { option: '--max-new-tokens', value: maxNewTokens }, placeholders: { option: '--placeholder', value: placeholder } };
}

/** The teacher has the options of an address; those of the judge carry its name. */
const judgeFlags = { prices: '--judge-prices', spendingCap: '--judge-spending-cap' };

/** Parts within a part: told by the first option of it. */
function valueOf(setting: Setting): StepSettings[string] | undefined {
  return setting.value;
}

function answeringSettings(kind: Exclude<SynthesisKind, 'self-replay'>, options: SynthesizeOptions): Record<string, Setting> {
  const instructionWords = partsOf({ least: ['--min-words', options.minWords], most: ['--max-words', options.maxWords] });
  const responseWords = partsOf({ most: ['--answer-words', options.answerWords] });
  return {
    source: { option: '--source', value: options.source },
    name: { option: '--name', value: options.name },
    seed: { option: '--seed', value: options.seed },
    batch: { option: '--batch', value: options.batch },
    dtype: { option: '--dtype', value: options.dtype },
    judgeKeeps: { option: '--judge-keeps', value: options.judgeKeeps && [...options.judgeKeeps] },
    responses: partsOf({ temperature: ['--answer-temperature', options.answerTemperature], maxNewTokens: ['--answer-tokens', options.answerTokens] }),
    filters: partsOf({
      instructionWords: ['--min-words, --max-words', valueOf(instructionWords)],
      responseWords: ['--answer-words', valueOf(responseWords)],
      languages: ['--language', options.language && [...options.language]],
      nearDuplicates: ['--near-duplicates', options.nearDuplicates === 'off' ? null : options.nearDuplicates],
      refusals: ['--keep-refusals', options.keepRefusals ? false : undefined],
    }),
    ...(options.teacher !== undefined && isAddress(options.teacher) && { teacherAddress: addressSetting('--teacher', options.teacher, options.teacherModel, options.keyVariable, options) }),
    ...(options.judge !== undefined && isAddress(options.judge) && { judgeAddress: addressSetting('--judge', options.judge, options.judgeModel, options.judgeKeyVariable, { prices: options.judgePrices, spendingCap: options.judgeSpendingCap }, judgeFlags) }),
    ...(kind === 'instructions' && instructionSettings(options)),
  };
}

function instructionSettings(options: SynthesizeOptions): Record<string, Setting> {
  return {
    rows: { option: '--rows', value: options.rows },
    mostRequests: { option: '--requests', value: options.requests },
    examples: { option: '--examples', value: options.examples },
    items: { option: '--items', value: options.items },
    longestSeed: { option: '--longest-seed', value: options.longestSeed },
    // Topics that the teacher names are asked for by the share alone.
    topicShare: { option: '--topic-share', value: options.topicShare ?? (options.topics === 'teacher' ? 0.5 : undefined) },
    topicsPerRequest: { option: '--topics-per-request', value: options.topicsPerRequest },
    topicFilter: partsOf({ mostWords: ['--topic-words', options.topicWords], leastSubcategories: ['--topic-subcategories', options.topicSubcategories], leastPages: ['--topic-pages', options.topicPages] }),
    instructions: partsOf({ temperature: ['--temperature', options.temperature], topP: ['--top-p', options.topP], maxNewTokens: ['--instruction-tokens', options.instructionTokens] }),
  };
}

async function references(session: Session, kind: SynthesisKind, dataset: string | undefined, options: SynthesizeOptions): Promise<StepSettings> {
  const { model, seeds, topics, encoder, teacher, judge } = options;
  return {
    ...(kind === 'self-replay' && { model: await resolveReference(session, model!, '--model') }),
    ...(dataset !== undefined && { dataset: await resolveReference(session, dataset, 'DATASET') }),
    ...(seeds !== undefined && { seeds: await resolveReference(session, seeds, '--seeds') }),
    ...(topics !== undefined && topics !== 'teacher' && { topics: await providePath(session, topics, '--topics') }),
    ...(encoder !== undefined && { encoder: await providePath(session, encoder, '--encoder') }),
    ...(teacher !== undefined && (await teacherReference(session, teacher, 'teacher'))),
    ...(judge !== undefined && (await teacherReference(session, judge, 'judge'))),
  };
}
