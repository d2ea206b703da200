import type { z } from 'zod';
import type { MergeConfiguration, MergeSetting, MergeTokenizer, MergeValue, TokenSource } from './merge-configuration.js';
import { MergekitDocument, type ModelReference } from './mergekit-document.js';
import { shown } from './shown.js';

/** A mergekit document whose references are taken out, so that whoever has the bytes can be asked for them. */
export interface ReadMergeConfiguration {
  readonly configuration: MergeConfiguration;
  /** As the document writes them, each once; `configuration.inputs` points here. */
  readonly models: readonly string[];
  readonly adapters: readonly string[];
}

/** Every problem of a document, each with where it stands. */
export class MergeDocumentError extends Error {
  readonly code = 'merge-configuration-invalid';

  constructor(readonly problems: readonly string[]) {
    super(`merge configuration: ${problems.length === 1 ? problems[0] : `${problems.length} problems:\n- ${problems.join('\n- ')}`}`);
    this.name = 'MergeDocumentError';
  }
}

/**
 * Reads a mergekit configuration (parsed YAML). -> what it says in our terms; the order of models is that of the document, and a base that stands nowhere among them comes last.
 *
 * @throws MergeDocumentError
 */
export function readMergeConfiguration(document: unknown): ReadMergeConfiguration {
  const parsed = MergekitDocument.safeParse(document, { reportInput: true });
  if (!parsed.success) throw new MergeDocumentError(parsed.error.issues.map(describeIssue));
  const { merge_method: method, base_model, dtype, out_dtype, chat_template, ...written } = parsed.data;
  const { models, slices, parameters } = oneLayout(written);
  const inputs = new Inputs();

  const readModels = models?.map((each) => ({ input: inputs.placeOf(each.model), parameters: each.parameters ?? {} }));
  const readSlices = slices?.map((slice) => ({
    sources: slice.sources.map((source) => ({ input: inputs.placeOf(source.model), layerRange: source.layer_range, parameters: source.parameters ?? {} })),
    ...(slice.base_model ? { base: inputs.placeOf(slice.base_model) } : {}),
    parameters: slice.parameters ?? {},
  }));
  const base = base_model ? inputs.placeOf(base_model) : undefined;
  const tokenizer = readTokenizer(written, inputs);
  return {
    configuration: {
      inputs: inputs.list, method, parameters,
      ...(base === undefined ? {} : { base }),
      ...(readModels ? { models: readModels } : {}),
      ...(readSlices ? { slices: readSlices } : {}),
      ...(dtype ? { dtype } : {}),
      ...(out_dtype ? { outDtype: out_dtype } : {}),
      ...(tokenizer ? { tokenizer } : {}),
      ...(chat_template ? { chatTemplate: chat_template } : {}),
    },
    models: inputs.models,
    adapters: inputs.adapters,
  };
}

type Layout = Pick<MergekitDocument, 'models' | 'slices' | 'parameters'>;

/** Exactly one of the three ways to say what goes where. A module's parameters come before the document's. */
function oneLayout({ models, slices, modules, parameters }: Layout & Pick<MergekitDocument, 'modules'>): { models: Layout['models']; slices: Layout['slices']; parameters: NonNullable<Layout['parameters']> } {
  const given = Object.entries({ models, slices, modules }).flatMap(([name, value]) => (value ? [name] : []));
  if (given.length !== 1) throw new MergeDocumentError([`expected exactly one of models, slices and modules; got ${given.join(' and ') || 'none'}`]);
  if (!modules) return { models, slices, parameters: parameters ?? {} };
  const [[name, module] = ['', undefined], ...more] = Object.entries(modules);
  if (!module || more.length > 0) throw new MergeDocumentError([`modules: expected one module, since the models served here have one; got ${Object.keys(modules).join(', ') || 'none'}`]);
  if (Boolean(module.models) === Boolean(module.slices)) throw new MergeDocumentError([`modules.${name}: expected either models or slices`]);
  return { models: module.models, slices: module.slices, parameters: nearest(module.parameters ?? {}, parameters ?? {}) };
}

/** Both scopes in one: where a filter of the nearer one fits no tensor, the farther one is asked. */
function nearest(near: NonNullable<Layout['parameters']>, far: NonNullable<Layout['parameters']>): NonNullable<Layout['parameters']> {
  const conditions = (setting: MergeSetting) => (Array.isArray(setting) && setting.every((each) => typeof each === 'object') ? setting : typeof setting === 'object' && !Array.isArray(setting) ? [setting] : [{ value: setting as MergeValue }]);
  return { ...far, ...Object.fromEntries(Object.entries(near).map(([name, setting]) => [name, far[name] === undefined ? setting : [...conditions(setting), ...conditions(far[name])]])) };
}

function readTokenizer({ tokenizer_source, tokenizer }: Pick<MergekitDocument, 'tokenizer_source' | 'tokenizer'>, inputs: Inputs): z.infer<typeof MergeTokenizer> | undefined {
  if (tokenizer_source && tokenizer) throw new MergeDocumentError(['expected tokenizer_source or tokenizer; got both']);
  const sourceOf = (source: ModelReference) => (source === 'union' || source === 'base' ? source : inputs.placeOf(source));
  if (tokenizer_source) return { source: sourceOf(tokenizer_source), tokens: {} };
  if (!tokenizer) return undefined;
  const tokens = Object.entries(tokenizer.tokens ?? {}).map(([token, { source, force }]) => [token, { force, ...(source ? { source: tokenSourceOf(token, source, inputs) } : {}) }] as const);
  return { source: sourceOf(tokenizer.source), tokens: Object.fromEntries(tokens), ...(tokenizer.pad_to_multiple_of ? { padToMultipleOf: tokenizer.pad_to_multiple_of } : {}) };
}

type WrittenTokenSource = NonNullable<NonNullable<NonNullable<MergekitDocument['tokenizer']>['tokens']>[string]['source']>;

function tokenSourceOf(name: string, source: WrittenTokenSource, inputs: Inputs): z.infer<typeof TokenSource> {
  if (typeof source === 'string' || !('kind' in source)) return { kind: 'input', input: inputs.placeOf(source) };
  if (source.kind === 'zero') return { kind: 'zero' };
  const { model, token, token_id: tokenId } = source;
  if (model === undefined || (token === undefined) === (tokenId === undefined)) throw new MergeDocumentError([`tokenizer.tokens.${name}.source: expected a model and one of token and token_id`]);
  return { kind: 'token', input: inputs.placeOf(model), ...(token === undefined ? {} : { token }), ...(tokenId === undefined ? {} : { tokenId }) };
}

/** The references of a document, each once. */
class Inputs {
  readonly list: MergeConfiguration['inputs'] = [];
  readonly models: string[] = [];
  readonly adapters: string[] = [];

  placeOf(reference: ModelReference): number {
    const { model, adapter, name } = partsOf(reference);
    const known = this.list.findIndex((input) => input.name === name);
    if (known >= 0) return known;
    this.list.push({ model: indexIn(this.models, model), ...(adapter === undefined ? {} : { adapter: indexIn(this.adapters, adapter) }), name });
    return this.list.length - 1;
  }
}

function partsOf(reference: ModelReference): { model: string; adapter?: string; name: string } {
  const pathOf = (path: string | { path: string }): string => (typeof path === 'string' ? path : path.path);
  if (typeof reference !== 'string') {
    const model = pathOf(reference.model);
    return reference.lora ? { model, adapter: pathOf(reference.lora), name: `${model}+${pathOf(reference.lora)}` } : { model, name: model };
  }
  const [model = '', adapter, ...more] = reference.split('+');
  if (model === '' || adapter === '' || more.length > 0) throw new MergeDocumentError([`expected MODEL or MODEL+ADAPTER; got "${reference}"; write a path that has a + as { model: { path: … } }`]);
  return adapter === undefined ? { model, name: model } : { model, adapter, name: reference };
}

function indexIn(list: string[], text: string): number {
  const known = list.indexOf(text);
  return known >= 0 ? known : list.push(text) - 1;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('').replace(/^\./, '');
  const said = expectedBy(issue);
  const message = said === undefined ? issue.message : `expected ${said}; got ${shown(issue.input)}`;
  return where === '' ? message : `${where}: ${message}`;
}

const kinds: Readonly<Record<string, string>> = { array: 'a list', string: 'a text', boolean: 'true or false', int: 'a whole number', number: 'a number', record: 'keys and values' };

/** What the schemas that have no words of their own expect; undefined where they have. */
function expectedBy(issue: z.core.$ZodIssue): string | undefined {
  if (!/^(?:Invalid|Too)/.test(issue.message)) return undefined;
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return issue.values.map(String).join(', ');
  if (issue.code === 'too_small') return issue.origin === 'string' || issue.origin === 'array' ? `a ${issue.origin === 'array' ? 'list' : 'text'} that is not empty` : `at least ${issue.minimum}`;
  return undefined;
}
