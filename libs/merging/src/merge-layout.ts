import type { InputModel } from './input-model.js';
import { layeredWeights } from './layered-weights.js';
import type { MergeConfiguration, OutputSlice } from './merge-configuration.js';
import { MergeError } from './merge-error.js';

/** What the result is made of: its slices in order, and whether they were written as such. */
export interface MergeLayout {
  readonly slices: readonly OutputSlice[];
  /** True for `models`: the layers stay where they are, and their number is that of the inputs. */
  readonly whole: boolean;
}

/**
 * Both forms of a configuration as slices. Whole models become one slice of all their layers; a base that is not among them comes last, as in mergekit.
 *
 * @throws MergeError `merge-layout-invalid`, `merge-families-differ`
 */
export function layoutOf({ models, slices, base, inputs: named }: MergeConfiguration, inputs: readonly InputModel[]): MergeLayout {
  const invalid = (message: string): never => {
    throw new MergeError('merge-layout-invalid', `merge: ${message}`, {});
  };
  const used = new Set([...(models ?? []).map(({ input }) => input), ...(slices ?? []).flatMap(({ sources }) => sources.map(({ input }) => input)), ...(base === undefined ? [] : [base])]);
  const [first = 0] = used;
  for (const place of used) {
    const [one, other] = [inputs[first]!.family.name, inputs[place]!.family.name];
    if (one !== other) throw new MergeError('merge-families-differ', `merge: expected models of one architecture; ${named[first]!.name} is ${one}, ${named[place]!.name} is ${other}. Fuse models of different architectures instead.`, { families: [one, other] });
  }
  if (models) {
    const sources = [...models, ...(base === undefined || models.some(({ input }) => input === base) ? [] : [{ input: base, parameters: {} }])];
    const twice = twiceAmong(sources);
    if (twice) invalid(`expected every model once among models; ${named[twice.input]!.name} stands there twice. Give it one weight.`);
    const odd = sources.find(({ input }) => layersOf(inputs[input]!) !== layersOf(inputs[sources[0]!.input]!));
    if (odd) invalid(`expected models of ${layersOf(inputs[sources[0]!.input]!)} layers, which ${named[sources[0]!.input]!.name} has; ${named[odd.input]!.name} has ${layersOf(inputs[odd.input]!)}. Say by slices which layers to take.`);
    return { whole: true, slices: [{ sources: sources.map(({ input, parameters }) => ({ input, parameters, layerRange: [0, layersOf(inputs[input]!)] })), parameters: {} }] };
  }
  if (!slices) return invalid('expected models or slices; got neither');
  if (layeredWeights(inputs[first]!.weights).stacks.length !== 1) invalid(`expected whole models: ${inputs[first]!.family.name} has two stacks of layers, which slices cannot tell apart`);
  slices.forEach(({ sources }, index) => {
    const lengths = sources.map(({ layerRange: [begin, end] }) => end - begin);
    for (const [place, { input, layerRange: [begin, end] }] of sources.entries()) {
      const layers = layersOf(inputs[input]!);
      if (begin >= end || end > layers) invalid(`slices[${index}].sources[${place}]: expected a layer_range inside [0, ${layers}], which ${named[input]!.name} has; got [${begin}, ${end}]`);
    }
    if (lengths.some((length) => length !== lengths[0])) invalid(`slices[${index}]: expected as many layers of each source; got ${lengths.join(', ')}`);
    const twice = twiceAmong(sources);
    if (twice) invalid(`slices[${index}]: expected every model once among its sources; ${named[twice.input]!.name} stands there twice`);
  });
  return { whole: false, slices };
}

/** The first input that stands among them again. */
function twiceAmong<Source extends { readonly input: number }>(sources: readonly Source[]): Source | undefined {
  return sources.find(({ input }, place) => sources.findIndex((other) => other.input === input) < place);
}

function layersOf({ weights }: InputModel): number {
  return layeredWeights(weights).stacks[0]?.length ?? 0;
}
