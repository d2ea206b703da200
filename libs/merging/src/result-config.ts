import { elementCount } from '@tunesmith/checkpoints';
import type { DType } from '@tunesmith/tensor';
import type { InputModel } from './input-model.js';
import { roleOf } from './layered-weights.js';
import type { MergeConfiguration } from './merge-configuration.js';
import { MergeError } from './merge-error.js';
import type { MergeLayout } from './merge-layout.js';
import type { MergeTask } from './merge-plan.js';

/** How published configurations call the number of layers, and the list of their kinds. */
const layerCountKeys = ['num_hidden_layers', 'n_layer', 'num_layers'];
const layerTypeKeys = ['layer_types', 'attention_layers'];

/** The two names of the type that weights are stored in, of which published configurations have one, and what a GGUF file was imported as both. */
const dtypeKeys = ['dtype', 'torch_dtype'];

/** A configuration that says what most elements are stored in: parents of several types are merged, and stored, in the type that all promote to. */
export function withStoredDtype(config: Readonly<Record<string, unknown>>, tasks: readonly Pick<MergeTask, 'shape' | 'outDtype'>[]): Record<string, unknown> {
  const elements = new Map<DType, number>();
  for (const { shape, outDtype } of tasks) elements.set(outDtype, (elements.get(outDtype) ?? 0) + elementCount(shape));
  const [[stored] = []] = [...elements].toSorted(([, one], [, other]) => other - one);
  const said = dtypeKeys.filter((key) => key in config);
  return { ...config, ...Object.fromEntries((said.length > 0 ? said : ['torch_dtype']).map((key) => [key, stored])) };
}

/**
 * config.json of the result: the base's (else the first input's), with the numbers of layers and tokens that the result has, the kind of each layer that
 * moved, and a head of its own where an input has one.
 *
 * @throws MergeError `merge-layout-invalid` where layers cannot move in this family
 */
export function resultConfig(configuration: MergeConfiguration, { slices, whole }: MergeLayout, inputs: readonly InputModel[], vocabularyRows: number | undefined): Record<string, unknown> {
  const template = inputs[configuration.base ?? slices[0]!.sources[0]!.input]!;
  const config = structuredClone(template.folder.config);
  if (vocabularyRows !== undefined) config['vocab_size'] = vocabularyRows;
  const used = new Set(slices.flatMap(({ sources }) => sources.map(({ input }) => input)));
  const hasHead = ({ weights }: InputModel): boolean => weights.some((weight) => roleOf(weight) === 'head');
  if (!hasHead(template) && [...used].some((place) => hasHead(inputs[place]!))) config['tie_word_embeddings'] = false;
  if (whole) return config;

  const key = layerCountKeys.find((each) => each in template.parsed);
  if (key === undefined) throw new MergeError('merge-layout-invalid', `merge: expected a family whose configuration has one of ${layerCountKeys.join(', ')}; ${template.family.name} has none of them`, {});
  const moved = slices.flatMap(({ sources: [source] }) => {
    const { input, layerRange: [begin, end] } = source!;
    return Array.from({ length: end - begin }, (_, offset) => ({ model: inputs[input]!, layer: begin + offset }));
  });
  config[key] = moved.length;
  const types = layerTypeKeys.find((each) => Array.isArray(template.parsed[each]));
  if (types === 'attention_layers') {
    // GPT-Neo says it twice, and reads the runs.
    const kinds = moved.map(({ model, layer }) => (model.parsed[types] as unknown[])[layer]);
    config['attention_types'] = kinds.map((kind) => [[kind], 1]);
    if ('attention_layers' in config) config['attention_layers'] = kinds;
  } else if (types !== undefined) {
    config[types] = moved.map(({ model, layer }) => (model.parsed[types] as unknown[])[layer]);
  }
  return config;
}
