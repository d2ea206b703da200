import { readSideFiles, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import type { EncodedRow } from '@tunesmith/datasets';
import { storedShape } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { IntegerGrid } from '../methods/integer-grid.js';
import { methods } from '../methods/methods.js';
import type { MethodSettings, RoundedLayer } from '../methods/rounding-method.js';
import { QuantizationError } from '../quantization-error.js';
import { countFallbacks, type FileContent } from './file-content.js';
import { calibrationBudget, type CalibrationBudget } from './hf/calibration-budget.js';
import { floatEntry, floatTensor } from './hf/float-tensors.js';
import { packedFormats } from './hf/formats.js';
import type { HfTarget } from './hf/hf-targets.js';
import { modelDtype } from './hf/model-dtype.js';
import type { FormatContent, PackedFormat } from './hf/packed-format.js';
import { planLinears, type LinearPlan } from './hf/plan-linears.js';
import { calibratedLayers, layerCount, plainLayers } from './hf/rounded-layers.js';
import type { SourceModel } from './source-model.js';

/** What a target leaves open. */
export interface HfOptions extends Partial<MethodSettings> {
  readonly format?: PackedFormat['name'] | undefined;
  /** 0: a scale for each row. */
  readonly groupSize?: number | undefined;
  readonly symmetric?: boolean | undefined;
  /** GiB that calibrating may take; rows that do not fit are left out. Default 8. */
  readonly memory?: number | undefined;
}

export const defaultSettings: MethodSettings = { damping: 0.01, actOrder: 'static', alpha: 0.5 };

/** A folder that was written. */
export interface HfFolder {
  /** Of its weights. */
  readonly bytes: number;
  readonly content: FileContent;
  /** Where the method calibrates. */
  readonly calibration?: CalibrationBudget;
}

/**
 * Writes a Hugging Face folder whose linears are packed levels, a layer at a time: transformers and vLLM load it by the `quantization_config` of its config.json. Embeddings, norms and
 * the output head stay as they are. Nothing stands under the folder's name until all is whole. `calibration`: rows for the model to read, for methods that look at its inputs.
 * Throws QuantizationError for weights or widths that the format cannot hold, and for a calibration that is missing or too small.
 */
export async function exportHf(model: SourceModel, target: HfTarget, options: HfOptions, folder: string, context: WorkContext, calibration?: readonly EncodedRow[]): Promise<HfFolder> {
  const { format, wished, content } = settle(model, target, options);
  const plan = planLinears(model, format, wished);
  const { layers, budget } = layersOf(model, plan, content, target, options, context, calibration);
  const config = { ...model.configJson, quantization_config: format.configuration(plan, content) };
  const sideFiles = await readSideFiles(model.path, model.sideFiles);
  const files = { ...sideFiles, ...(format.name === 'gptq' && { 'quantize_config.json': config.quantization_config }) };
  const tensors = folderTensors(model, plan, reported(layers, plan, target, context), format, content);
  await writeModelFolder(folder, { config, generationConfig: model.generationConfig, files, tensors });
  const types: Record<string, number> = {};
  for (const { grid } of plan.linears) types[`int${grid.bits}`] = (types[`int${grid.bits}`] ?? 0) + 1;
  return { bytes: await weightBytes(folder), content: { types, fallbacks: countFallbacks(plan.fallbacks) }, ...(budget && { calibration: budget }) };
}

/** Throws QuantizationError `calibration-missing`, and what `calibrationBudget` throws. */
function layersOf(model: SourceModel, plan: LinearPlan, content: FormatContent, { name }: HfTarget, { memory = 8 }: HfOptions, context: WorkContext, calibration: readonly EncodedRow[] | undefined): { layers: AsyncIterable<RoundedLayer>; budget?: CalibrationBudget } {
  const method = methods.find((each) => each.name === content.method)!;
  if (!method.calibrates) return { layers: plainLayers(model, plan, method, context) };
  if (calibration === undefined) {
    throw new QuantizationError({ code: 'calibration-missing', message: `hf/${name} looks at what the model computes of rows to train on; got none. Give a dataset to calibrate on, or choose hf/rtn-int4 or hf/rtn-int8.`, facts: { target: name } });
  }
  const { kept, budget } = calibrationBudget(model, plan, calibration, memory);
  return { layers: calibratedLayers(model, plan, method, content, kept, context), budget };
}

async function* reported(layers: AsyncIterable<RoundedLayer>, plan: LinearPlan, { name }: HfTarget, { onProgress }: WorkContext): AsyncGenerator<RoundedLayer> {
  const total = layerCount(plan);
  let done = 0;
  for await (const layer of layers) {
    done += 1;
    onProgress({ phase: `writing hf/${name}`, done, total, unit: 'layers' });
    yield layer;
  }
}

/** What a target and options ask for together. Throws QuantizationError `option-without-place`. */
function settle(model: SourceModel, target: HfTarget, options: HfOptions): { format: PackedFormat; wished: IntegerGrid; content: FormatContent } {
  const roundsInputs = target.roundsInputs === true;
  if (roundsInputs && (options.format ?? target.format) !== target.format) throw withoutPlace(target, 'format', options.format);
  if (roundsInputs && options.symmetric === false) throw withoutPlace(target, 'symmetric', false);
  const format = packedFormats.find(({ name }) => name === (options.format ?? target.format))!;
  if (options.actOrder === 'group' && !format.takesOrderedGroups) {
    throw new QuantizationError({ code: 'format-without-order', message: `the format ${format.name} has no place for groups in the order of activations. Choose the order static, which costs nothing when the model runs, or the format gptq.`, facts: { format: format.name } });
  }
  const asked = options.groupSize === undefined || roundsInputs ? target.groupSize : options.groupSize;
  const groupSize = asked === 0 ? null : asked;
  const symmetric = options.symmetric ?? target.symmetric;
  const settings = { damping: options.damping ?? defaultSettings.damping, actOrder: options.actOrder ?? defaultSettings.actOrder, alpha: options.alpha ?? defaultSettings.alpha };
  const wished: IntegerGrid = { bits: target.bits, symmetric, groupSize, leastZero: format.leastZero, scaleDtype: format.scaleDtype(modelDtype(model)) };
  return { format, wished, content: { method: target.method, bits: target.bits, symmetric, groupSize, settings, roundsInputs } };
}

function withoutPlace({ name }: HfTarget, option: string, value: unknown): QuantizationError {
  return new QuantizationError({ code: 'option-without-place', message: `hf/${name} takes no ${option} of its own; got ${String(value)}. Leave it out.`, facts: { target: name, option } });
}

async function* folderTensors(model: SourceModel, plan: LinearPlan, layers: AsyncIterable<RoundedLayer>, format: PackedFormat, content: FormatContent): AsyncGenerator<SafetensorsEntry> {
  const replaced = new Set(plan.linears.map(({ path }) => `${path}.weight`));
  const changed = new Map<string, Float32Array>();
  for await (const layer of layers) {
    for (const [path, matrix] of layer.matrices) yield* format.tensors(path, matrix, content);
    for (const [name, values] of layer.changed ?? []) changed.set(name, values);
  }
  for (const weight of model.family.weights.tensors(model.config)) {
    if (replaced.has(weight.huggingFace) || (weight.optional === true && !model.weights.has(weight.huggingFace))) continue;
    const [name, shape] = [weight.huggingFace, storedShape(weight)];
    const values = changed.get(name);
    yield values === undefined ? floatTensor(model.weights, weight) : floatEntry(name, shape, values, model.weights.stored(name, shape).dtype);
  }
}

async function weightBytes(folder: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
