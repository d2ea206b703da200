import { storedShape, type WeightName } from '@tunesmith/models';
import type { DType } from '@tunesmith/tensor';
import type { InputModel } from './input-model.js';
import { layeredWeights, roleOf } from './layered-weights.js';
import type { LayerSource, MergeConfiguration, OutputSlice } from './merge-configuration.js';
import { MergeError } from './merge-error.js';
import type { MergeLayout } from './merge-layout.js';
import type { MergeMethod, WeightRole } from './merge-method.js';
import { MergeParameters } from './merge-parameters.js';
import { methods } from './methods.js';
import { promotedDtype } from './promoted-dtype.js';
import { checkSettings, resolveParameters } from './resolve-parameters.js';
import { weightDtype } from './weight-dtype.js';

/** One weight of one input. */
export interface TaskSource {
  /** A place among the inputs. */
  readonly input: number;
  readonly tensor: string;
}

/** One weight of the result: decided before anything is computed. */
export interface MergeTask {
  readonly name: string;
  readonly role: WeightRole;
  /** In the file, and so of every source once its vocabulary is the result's. */
  readonly shape: readonly number[];
  readonly transposed: boolean;
  /** What sources are turned into. */
  readonly dtype: DType;
  /** What the result is stored in. */
  readonly outDtype: DType;
  readonly base: TaskSource | null;
  /** The input that is the base here, whether the method takes it apart or not: its rows stand for tokens that others lack. */
  readonly baseInput: number | undefined;
  readonly models: readonly TaskSource[];
  readonly parameters: MergeParameters;
  /** Where the task is but some rows of the weight: its `shape` is theirs. */
  readonly strip?: Strip;
}

/** Rows of a weight. */
export interface Strip {
  readonly first: number;
  /** Rows of the whole weight. */
  readonly of: number;
}

export interface PlanInputs {
  readonly configuration: MergeConfiguration;
  readonly method: MergeMethod;
  readonly layout: MergeLayout;
  readonly inputs: readonly InputModel[];
  /** Of the result, by its configuration. */
  readonly weights: readonly WeightName[];
  /** Whether sources get the result's vocabulary when they are loaded. */
  readonly alignsVocabulary: boolean;
}

/**
 * One task per weight of the result. Weights outside the layers are made as the first slice says (those before the layers) or the last (those after), of all of its sources: mergekit
 * 0.1.5 (plan.py) takes no more of the last slice's than the first has.
 *
 * @throws MergeError `merge-shape-mismatch`, `merge-missing-tensor`, `wrong-merge-inputs`, and what parameters throw
 */
export function planMerge({ configuration, method, layout: { slices, whole }, inputs, weights, alignsVocabulary }: PlanInputs): readonly MergeTask[] {
  for (const [index, slice] of slices.entries()) checkSources(method, slice, inputs, slice.base ?? configuration.base, whole ? undefined : `slices[${index}]`);
  const isApart = apartIn(configuration, method);
  const { before, stacks, after } = layeredWeights(weights);
  const ofInput = inputs.map((input) => layeredWeights(input.weights));
  const planWeight = (weight: WeightName, slice: OutputSlice, t: number, sourceOf: (source: LayerSource) => WeightName | undefined): MergeTask => {
    const shape = storedShape(weight);
    const found = slice.sources.map((source) => {
      const own = sourceOf(source);
      // Filters see a tied head as the head that it is.
      return { source, called: own?.huggingFace ?? weight.huggingFace, place: sourceNamed(weight, source, inputs[source.input]!, own) };
    });
    for (const { source, place } of found) checkShape(weight, shape, place, inputs[source.input]!, alignsVocabulary);
    const merged = found.filter(({ source }) => !isApart(slice, source));
    const dtype = configuration.dtype ?? promotedDtype(found.map(({ source, place }) => weightDtype(inputs[source.input]!.tensors.info(place).dtype)));
    const settings = { name: weight.huggingFace, t, shared: [slice.parameters, configuration.parameters], models: merged.map(({ source, called }) => ({ tensor: called, own: source.parameters })) };
    const basePlace = found.find(({ source }) => isApart(slice, source));
    return {
      name: weight.huggingFace, role: roleOf(weight), shape, transposed: weight.stored === 'transposed', dtype, outDtype: configuration.outDtype ?? dtype,
      baseInput: slice.base ?? configuration.base,
      base: basePlace ? { input: basePlace.source.input, tensor: basePlace.place } : null,
      models: merged.map(({ source, place }) => ({ input: source.input, tensor: place })),
      parameters: new MergeParameters(method, resolveParameters(method, settings), merged.length),
    };
  };
  const same = (weight: WeightName) => (source: LayerSource): WeightName | undefined => inputs[source.input]!.weights.find(({ huggingFace }) => huggingFace === weight.huggingFace);
  const outside = (list: readonly WeightName[], slice: OutputSlice): MergeTask[] => list.map((weight) => planWeight(weight, slice, 0, same(weight)));
  const first = outside(before, slices[0]!);
  const layers = stacks.flatMap((stack, place) => {
    const moved = slices.flatMap((slice) => {
      const count = whole ? stack.length : slice.sources[0]!.layerRange[1] - slice.sources[0]!.layerRange[0];
      return Array.from({ length: count }, (_, offset) => ({ slice, offset, t: count > 1 ? offset / (count - 1) : 1 }));
    });
    return moved.flatMap(({ slice, offset, t }, layer) =>
      stack[layer]!.map((weight, index) => planWeight(weight, slice, t, (source) => ofInput[source.input]!.stacks[place]?.[(whole ? 0 : source.layerRange[0]) + offset]?.[index])),
    );
  });
  return [...first, ...layers, ...outside(after, slices.at(-1)!)];
}

/**
 * What a configuration sets that the method makes nothing of, in words.
 *
 * @throws MergeError `unknown-merge-parameter`
 */
export function settingsPassedOver({ configuration, method, layout: { slices } }: Pick<PlanInputs, 'configuration' | 'method' | 'layout'>): string[] {
  const isApart = apartIn(configuration, method);
  const settingsOf = (apart: boolean) => slices.flatMap((slice) => slice.sources.filter((source) => isApart(slice, source) === apart).map(({ parameters }) => parameters));
  return checkSettings(method, methods, { shared: [configuration.parameters, ...slices.map(({ parameters }) => parameters)], own: settingsOf(false), ofBase: settingsOf(true) });
}

/** Whether a source is a base that only differences are taken from. */
function apartIn(configuration: MergeConfiguration, { takes }: MergeMethod): (slice: OutputSlice, source: LayerSource) => boolean {
  return ({ base = configuration.base }, { input }) => (takes.kind === 'adapter' || takes.base !== 'member') && input === base;
}

/** Where an input has the weight; a tied head is its embedding. */
function sourceNamed(weight: WeightName, source: LayerSource, input: InputModel, found: WeightName | undefined): string {
  if (found && input.tensors.has(found.huggingFace)) return found.huggingFace;
  const embedding = roleOf(weight) === 'head' && weight.shape.length === 2 ? input.weights.find((each) => roleOf(each) === 'embedding') : undefined;
  if (embedding) return embedding.huggingFace;
  throw new MergeError('merge-missing-tensor', `merge: expected the tensor "${weight.huggingFace}" in ${input.name}${source.layerRange[0] > 0 ? ` (its layers from ${source.layerRange[0]} on)` : ''}; it has none of that name. Merge models of one architecture.`, { tensor: weight.huggingFace, model: input.name });
}

function checkShape(weight: WeightName, expected: readonly number[], place: string, input: InputModel, alignsVocabulary: boolean): void {
  const { shape } = input.tensors.info(place);
  const ofTokens = roleOf(weight) !== 'other';
  const compared = alignsVocabulary && ofTokens ? [expected.slice(1), shape.slice(1)] : [expected, shape];
  if (compared[0]!.join() === compared[1]!.join()) return;
  const advice = ofTokens && expected.slice(1).join() === shape.slice(1).join() ? 'The vocabularies differ: merge them with a tokenizer source (union, base, or a model).' : 'Merge models of one size.';
  throw new MergeError('merge-shape-mismatch', `merge: expected "${weight.huggingFace}" of shape [${expected.join(', ')}] in ${input.name}; got [${shape.join(', ')}]${place === weight.huggingFace ? '' : ` of "${place}"`}. ${advice}`, { tensor: weight.huggingFace, expected, got: shape, model: input.name });
}

function checkSources({ name, takes }: MergeMethod, { sources }: OutputSlice, inputs: readonly InputModel[], base: number | undefined, sliced: string | undefined): void {
  const where = sliced ?? 'models';
  const refuse = (expected: string, got: string): never => {
    throw new MergeError('wrong-merge-inputs', `${name}: ${where}: expected ${expected}; got ${got}.`, { method: name });
  };
  const hasBase = base !== undefined && sources.some(({ input }) => input === base);
  if (takes.kind === 'adapter') {
    if (sources.length !== 1) refuse('an adapter and no further model besides the base', `${sources.length} models`);
    const { name: model, updates } = inputs[sources[0]!.input]!;
    if (updates.size === 0) refuse('a model with an adapter, MODEL+ADAPTER', `${model} alone`);
    return;
  }
  if (takes.base === 'required' ? !hasBase : takes.base === 'optional' && base !== undefined && !hasBase) refuse('a base model, which the differences are taken from', base === undefined ? 'none' : 'one that is not among the sources');
  const count = takes.base === 'member' ? sources.length : sources.filter(({ input }) => input !== base).length;
  if (count >= takes.least && count <= takes.most) return;
  // Layers of the base between those that are merged: no differences are added to it.
  if (count === 0 && sliced && takes.base === 'required' && takes.least === 1 && takes.most === Infinity) return;
  const apart = takes.base === 'member' ? '' : ' besides the base';
  const range = takes.most === Infinity ? `at least ${takes.least}` : takes.least === takes.most ? String(takes.most) : `${takes.least} to ${takes.most}`;
  refuse(`${range} model(s)${apart}`, String(count));
}
