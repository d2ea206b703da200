import { readSideFiles, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import type { EncodedRow } from '@tunesmith/datasets';
import { storedShape } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dampingBeside } from '../methods/exact-layer.js';
import type { IntegerGrid } from '../methods/integer-grid.js';
import { methods } from '../methods/methods.js';
import type { MethodSettings } from '../methods/rounding-method.js';
import { QuantizationError } from '../quantization-error.js';
import { countFallbacks, type FileContent } from './file-content.js';
import { calibrationBudget, type CalibrationBudget } from './hf/calibration-budget.js';
import { FinishedLayers } from './hf/finished-layers.js';
import { floatEntry, floatTensor } from './hf/float-tensors.js';
import { packedFormats } from './hf/formats.js';
import type { HfTarget } from './hf/hf-targets.js';
import { modelDtype } from './hf/model-dtype.js';
import type { FormatContent, PackedFormat } from './hf/packed-format.js';
import { planLinears, type LinearPlan } from './hf/plan-linears.js';
import { calibratedLayers, layerCount, plainLayers } from './hf/rounded-layers.js';
import { workIdentity } from './hf/work-identity.js';
import type { SourceModel } from './source-model.js';

/** What a target leaves open. */
export interface HfOptions extends Partial<MethodSettings> {
  readonly format?: PackedFormat['name'] | undefined;
  /** 0: a scale for each row. */
  readonly groupSize?: number | undefined;
  readonly symmetric?: boolean | undefined;
  /** Of GPTQ: each layer also makes up for what those before it have lost. The damping is `dampingBeside` then, unless told otherwise. */
  readonly compensate?: boolean | undefined;
  /** GiB that calibrating may take; rows that do not fit are left out. Default 8. */
  readonly memory?: number | undefined;
}

export const defaultSettings: MethodSettings = { damping: 0.01, actOrder: 'static', alpha: 0.5 };

/** A folder that was written. */
export interface HfFolder {
  /** Of its weights. */
  readonly bytes: number;
  readonly content: FileContent;
  /** Of its layers, those that an earlier attempt had done. */
  readonly resumedLayers: number;
  /** Where the method calibrates. */
  readonly calibration?: CalibrationBudget;
}

/** What a target is made of, and where. */
export interface HfWork {
  /** Rows for the model to read, for methods that look at its inputs. */
  readonly calibration?: readonly EncodedRow[] | undefined;
  /** Where layers are put that are done, to go on from; it stays for the caller to remove. Default: a folder beside the one that is written, which goes when that is whole. */
  readonly layersFolder?: string | undefined;
}

/**
 * Writes a Hugging Face folder whose linears are packed levels, a layer at a time: transformers and vLLM load it by the `quantization_config` of its config.json. Embeddings, norms and
 * the output head stay as they are. Nothing stands under the folder's name until all is whole. What was killed goes on from the layers that are done when it is asked for again, and ends
 * with the same bytes; with another model, other rows or other settings it begins anew.
 * Throws QuantizationError for weights or widths that the format cannot hold, and for a calibration that is missing or too small.
 */
export async function exportHf(model: SourceModel, target: HfTarget, options: HfOptions, folder: string, context: WorkContext, { calibration, layersFolder }: HfWork = {}): Promise<HfFolder> {
  const { format, wished, content } = settle(model, target, options);
  const plan = planLinears(model, format, wished);
  const method = methods.find((each) => each.name === content.method)!;
  const calibrated = method.calibrates ? calibrationOf(model, plan, target, options, calibration) : undefined;
  const beside = options.compensate === true;
  const work = await workIdentity(model, [format.name, content, plan.linears, plan.kept, beside, calibrated?.kept.map(({ tokenIds }) => tokenIds)]);
  await using done = await FinishedLayers.open(layersFolder ?? `${folder}.layers`, work, method.calibrates);
  const resumedLayers = done.count;
  const total = layerCount(plan);
  if (resumedLayers < total) {
    const layers = method.calibrates
      ? calibratedLayers(model, plan, method, content, { rows: calibrated!.kept, first: done.count, hidden: await done.hidden(), beside }, context)
      : plainLayers(model, plan, method, done.count, context);
    for await (const layer of layers) {
      const tensors = Array.from(layer.matrices, ([path, matrix]) => format.tensors(path, matrix, content)).flat();
      await done.add({ tensors, changed: layer.changed ?? new Map() }, layer.hidden);
      context.onProgress({ phase: `writing hf/${target.name}`, done: done.count, total, unit: 'layers' });
    }
  }
  const config = { ...model.configJson, quantization_config: format.configuration(plan, content) };
  const sideFiles = await readSideFiles(model.path, model.sideFiles);
  const files = { ...sideFiles, ...(format.name === 'gptq' && { 'quantize_config.json': config.quantization_config }) };
  await writeModelFolder(folder, { config, generationConfig: model.generationConfig, files, tensors: folderTensors(model, plan, done) });
  if (layersFolder === undefined) await done.remove();
  const types: Record<string, number> = {};
  for (const { grid } of plan.linears) types[`int${grid.bits}`] = (types[`int${grid.bits}`] ?? 0) + 1;
  return { bytes: await weightBytes(folder), content: { types, fallbacks: countFallbacks(plan.fallbacks) }, resumedLayers, ...(calibrated && { calibration: calibrated.budget }) };
}

/** Throws QuantizationError `calibration-missing`, and what `calibrationBudget` throws. */
function calibrationOf(model: SourceModel, plan: LinearPlan, { name }: HfTarget, { memory = 8, compensate: beside }: HfOptions, calibration: readonly EncodedRow[] | undefined): ReturnType<typeof calibrationBudget> {
  if (calibration !== undefined) return calibrationBudget(model, plan, calibration, memory, { beside });
  throw new QuantizationError({ code: 'calibration-missing', message: `hf/${name} looks at what the model computes of rows to train on; got none. Give a dataset to calibrate on, or choose hf/rtn-int4 or hf/rtn-int8.`, facts: { target: name } });
}

/** What a target and options ask for together. Throws QuantizationError `option-without-place`. */
function settle(model: SourceModel, target: HfTarget, options: HfOptions): { format: PackedFormat; wished: IntegerGrid; content: FormatContent } {
  const roundsInputs = target.roundsInputs === true;
  if (roundsInputs && (options.format ?? target.format) !== target.format) throw withoutPlace(target, 'format', options.format);
  if (roundsInputs && options.symmetric === false) throw withoutPlace(target, 'symmetric', false);
  if (options.compensate === true && target.method !== 'gptq') throw withoutPlace(target, 'compensate', true);
  const format = packedFormats.find(({ name }) => name === (options.format ?? target.format))!;
  if (options.actOrder === 'group' && !format.takesOrderedGroups) {
    throw new QuantizationError({ code: 'format-without-order', message: `the format ${format.name} has no place for groups in the order of activations. Choose the order static, which costs nothing when the model runs, or the format gptq.`, facts: { format: format.name } });
  }
  const asked = options.groupSize === undefined || roundsInputs ? target.groupSize : options.groupSize;
  const groupSize = asked === 0 ? null : asked;
  const symmetric = options.symmetric ?? target.symmetric;
  const settings = { damping: options.damping ?? (options.compensate === true ? dampingBeside : defaultSettings.damping), actOrder: options.actOrder ?? defaultSettings.actOrder, alpha: options.alpha ?? defaultSettings.alpha };
  const wished: IntegerGrid = { bits: target.bits, symmetric, groupSize, leastZero: format.leastZero, scaleDtype: format.scaleDtype(modelDtype(model)) };
  return { format, wished, content: { method: target.method, bits: target.bits, symmetric, groupSize, settings, roundsInputs } };
}

function withoutPlace({ name }: HfTarget, option: string, value: unknown): QuantizationError {
  return new QuantizationError({ code: 'option-without-place', message: `hf/${name} takes no ${option} of its own; got ${String(value)}. Leave it out.`, facts: { target: name, option } });
}

async function* folderTensors(model: SourceModel, plan: LinearPlan, done: FinishedLayers): AsyncGenerator<SafetensorsEntry> {
  const replaced = new Set(plan.linears.map(({ path }) => `${path}.weight`));
  const allChanged = new Map<string, Float32Array>();
  for await (const { tensors, changed } of done.read()) {
    yield* tensors;
    for (const [name, values] of changed) allChanged.set(name, values);
  }
  for (const weight of model.family.weights.tensors(model.config)) {
    if (replaced.has(weight.huggingFace) || (weight.optional === true && !model.weights.has(weight.huggingFace))) continue;
    const [name, shape] = [weight.huggingFace, storedShape(weight)];
    const values = allChanged.get(name);
    yield values === undefined ? floatTensor(model.weights, weight) : floatEntry(name, shape, values, model.weights.stored(name, shape).dtype);
  }
}

async function weightBytes(folder: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
