import type { ComparisonFile } from '@tunesmith/contracts';
import type { z } from 'zod';
import { UsageError } from '../errors.js';
import { readGivenFile } from '../read-given-file.js';
import type { StepSettings } from '../runs/step-settings.js';
import { methodChoices } from '../train/method-choices.js';
import { problemsError, type FileProblem } from './comparison-problems.js';

/** One way to tune. */
export interface ComparedMethod {
  readonly label: string;
  /** Settings of a train step, all but the model, the dataset and the seed. */
  readonly train: StepSettings;
  /** Of the adapters some methods make, of the others the result is a model. */
  readonly makesAdapter: boolean;
}

/** A comparison file, checked. */
export interface Comparison extends Omit<ComparisonFile, 'methods' | 'settings'> {
  readonly methods: readonly ComparedMethod[];
}

/** What a step gets from elsewhere in the file: no settings, as little as what it refers to. */
const notSettings: Readonly<Record<'train' | 'evaluate' | 'synthesize', readonly string[]>> = { train: ['method', 'seed', 'plan'], evaluate: ['tasks'], synthesize: ['kind', 'name'] };

/** How people write them -> what the options of `train` call them. */
const spellings: Readonly<Record<string, string>> = { 'lora+': 'lora-plus', 'q-lora': 'qlora', 'rs-lora': 'rslora' };
const shortKeys: Readonly<Record<string, string>> = { lr: 'learningRate' };

/**
 * Reads what `tunesmith compare` is given.
 *
 * @throws UsageError that lists every mistake with its line, what was expected and what came.
 */
export async function readComparison(path: string): Promise<Comparison> {
  const [{ ComparisonFile, issueMessage }, { LineCounter, parseDocument }] = await Promise.all([import('@tunesmith/contracts'), import('yaml')]);
  const source = await readGivenFile(path, 'FILE', 'a comparison');
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, schema: 'core', uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw new UsageError(`${path}:${lines.linePos(error.pos[0]).line}: expected YAML; ${error.message.split('\n')[0]}`);
  const written: unknown = document.toJS({ maxAliasCount: 100 });
  const parsed = ComparisonFile.safeParse(written);
  if (!parsed.success) {
    throw problemsError(path, document, lines, parsed.error.issues.flatMap((issue): FileProblem[] => (issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], message: `unknown key; expected one of ${Object.keys(ComparisonFile.shape).join(', ')}` }))
      : [{ path: issue.path, message: issue.code === 'invalid_union' ? `expected ${issue.path[0] === 'methods' ? 'names of methods, or names with their settings' : 'the name of a task, a YAML file, or {kind, name, tag}'}` : issueMessage(issue, written) }])));
  }
  const { methods, settings, ...shared } = parsed.data;
  const problems: FileProblem[] = [];
  const checked: Comparison = {
    ...shared, methods: await comparedMethods(methods, await checkedSettings('train', { kind: 'sft' }, settings, ['settings'], problems), problems),
    evaluation: await checkedSettings('evaluate', {}, shared.evaluation, ['evaluation'], problems),
    ...(shared.replay && { replay: await checkedSettings('synthesize', { kind: 'self-replay' }, shared.replay, ['replay'], problems) }),
  };
  const rows = ['untuned', ...checked.methods.map(({ label }) => label)];
  if (shared.baseline !== undefined && !rows.includes(shared.baseline)) problems.push({ path: ['baseline'], message: `expected one of ${rows.join(', ')}; got "${shared.baseline}"` });
  if (problems.length > 0) throw problemsError(path, document, lines, problems);
  return checked;
}

async function comparedMethods(written: ComparisonFile['methods'], shared: StepSettings, problems: FileProblem[]): Promise<ComparedMethod[]> {
  const { Name } = await import('@tunesmith/contracts');
  const entries: { name: string; own: StepSettings; path: PropertyKey[] }[] = Array.isArray(written) ? written.map((name, index) => ({ name, own: {}, path: ['methods', index] })) : Object.entries(written).map(([name, own]) => ({ name, own: own ?? {}, path: ['methods', name] }));
  const methods: ComparedMethod[] = [];
  for (const { name, own, path } of entries) {
    const { method: named = name, ...overrides } = own;
    const choice = methodChoices.choices[typeof named === 'string' ? (spellings[named.toLowerCase()] ?? named.toLowerCase()) : ''];
    const label = spellings[name.toLowerCase()] ?? name;
    if (!choice) problems.push({ path: 'method' in own ? [...path, 'method'] : path, message: `expected one of ${Object.keys(methodChoices.choices).join(', ')}; got ${JSON.stringify(named)}${'method' in own ? '' : '; a name of your own says which with method: NAME'}` });
    else if (!Name.safeParse(label).success || label.length > 40) problems.push({ path, message: `expected a name of at most 40 letters, digits, dots, dashes or underscores; got "${name}"` });
    else if (label === 'untuned' || methods.some((each) => each.label === label)) problems.push({ path, message: `expected a name of its own; "${label}" is taken` });
    else {
      const { kind, ...settings } = choice.settings as { kind: string };
      const { method, train } = await splitSettings(kind, overrides, path, problems);
      methods.push({ label, train: { ...shared, ...train, method: { kind, ...settings, ...method } }, makesAdapter: kind === 'lora' || kind === 'adalora' });
    }
  }
  return methods;
}

/** What is special about a method: settings of its own, and of its training. */
async function splitSettings(kind: string, given: StepSettings, path: readonly PropertyKey[], problems: FileProblem[]): Promise<{ method: StepSettings; train: StepSettings }> {
  const { settingsOf, TuningMethod } = await import('@tunesmith/contracts');
  const { kind: _kind, ...own } = settingsOf({ spec: TuningMethod }, { kind })!;
  const ofMethod = Object.entries(given).filter(([key]) => key in own);
  const method = await checkValues(own, Object.fromEntries(ofMethod), path, problems, '');
  return { method, train: await checkedSettings('train', {}, Object.fromEntries(Object.entries(given).filter(([key]) => !(key in own))), path, problems, `the method takes ${Object.keys(own).join(', ') || 'nothing'}, and `) };
}

async function checkedSettings(kindName: keyof typeof notSettings, config: StepSettings, given: StepSettings, path: readonly PropertyKey[], problems: FileProblem[], before = ''): Promise<StepSettings> {
  const { findStepKind, settingsOf } = await import('@tunesmith/contracts');
  const kind = findStepKind(kindName)!;
  const known = Object.fromEntries(Object.entries(settingsOf(kind, config)!).filter(([key]) => !(key in kind.references) && !notSettings[kindName].includes(key)));
  return checkValues(known, given, path, problems, `${before}the ${kindName} step takes ${Object.keys(known).join(', ')}`);
}

/** The values that were given, under their full names; each is checked alone. */
async function checkValues(known: Readonly<Record<string, z.ZodType>>, given: StepSettings, path: readonly PropertyKey[], problems: FileProblem[], expected: string): Promise<StepSettings> {
  const { issueMessage } = await import('@tunesmith/contracts');
  const checked: StepSettings = {};
  for (const [written, value] of Object.entries(given)) {
    const key = shortKeys[written] ?? written;
    const schema = known[key];
    if (!schema) problems.push({ path: [...path, written], message: `unknown key; ${expected}${written === 'seed' ? '; seeds stand at the top: seeds: [1]' : ''}` });
    else if (key in checked) problems.push({ path: [...path, written], message: `expected ${key} once; got it under both of its names` });
    else {
      for (const issue of schema.safeParse(value).error?.issues ?? []) problems.push({ path: [...path, written, ...issue.path], message: issueMessage(issue, value) });
      checked[key] = value;
    }
  }
  return checked;
}
