import { jsonText, readAdapter, writeFileAtomically, type Adapter } from '@tunesmith/checkpoints';
import type { EncodedRow } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf } from './bytes-of.js';
import type { FileContent } from './exporters/file-content.js';
import { exportGguf } from './exporters/gguf.js';
import type { Compensation } from './exporters/gguf/compensated-layers.js';
import { exportGgufAdapter } from './exporters/gguf-adapter.js';
import type { CalibrationBudget } from './exporters/hf/calibration-budget.js';
import { exportHf, type HfOptions } from './exporters/hf.js';
import { exportOnnx } from './exporters/onnx.js';
import { writeOnnxFolder } from './exporters/onnx/onnx-folder.js';
import { openSourceModel, type SourceModel } from './exporters/source-model.js';
import { examine, prepareExam, type Exam, type Examined, type ExamRequest } from './exam.js';
import { collectImportance } from './importance/collect-importance.js';
import { readImportanceFile, writeImportanceFile } from './importance/importance-file.js';
import type { ImportanceMatrix } from './importance/importance-matrix.js';
import { perplexity } from './perplexity.js';
import { textStoodIn, tooFewTokens } from './perplexity-ratio.js';
import { QuantizationError } from './quantization-error.js';
import { findTarget, type QuantizationTarget } from './quantization-targets.js';
import { f16 } from './schemes/f16.js';
import { sourceScores } from './source-scores.js';

/** Beside the GGUF files that were made with it. */
const importanceFile = 'imatrix.gguf';
const adapterFile = 'adapter-f16.gguf';

export interface QuantizeRequest extends ExamRequest {
  /** Names of targets, such as `gguf/q8_0`. */
  readonly to: readonly string[];
  /** A folder with an importance matrix (`imatrix.gguf`) instead of rows to calibrate on. */
  readonly importanceFolder?: string | undefined;
  /** A PEFT folder of a LoRA of the model: written as a GGUF adapter, and applied to each file while it is proved. */
  readonly adapterFolder?: string | undefined;
  /** GGUF files whose linears make up for each other's rounding, and for what the layers before have lost, as the rows to calibrate on say; folders of GPTQ, which do the first in any case. The settings are of the GGUF files. */
  readonly compensate?: boolean | Pick<Compensation, 'damping' | 'memory'> | undefined;
  /** Of the targets `hf/…`. */
  readonly hf?: HfOptions | undefined;
  /** Where layers of targets `hf/…`, and of compensated GGUF files, that are done outlive this attempt: asked for the same with the same folder, they are not worked on again. The caller removes it. */
  readonly layersFolder?: string | undefined;
}

/** One written file, and what its runtime made of it. Plain JSON, as all metrics of jobs. */
export type QuantizedFormat = Examined & {
  target: string;
  /** Inside its output folder; a folder itself where the format is one. */
  file: string;
  bytes: number;
  secondsToWrite: number;
  /** How many tensors have each type, and why some have not the one that they should. */
  content: FileContent;
  /** Of Hugging Face folders and compensated GGUF files: how many layers an earlier attempt had done. */
  resumedLayers?: number;
  /** Of Hugging Face folders whose method calibrates, and of compensated GGUF files. */
  calibration?: CalibrationBudget;
};

export type QuantizeMetrics = {
  formats: QuantizedFormat[];
  /** The adapter, where one was given: every perplexity and answer is of model and adapter together then. */
  adapter?: { file: string; bytes: number };
  /** The model as it came: its weights on disk, and its perplexity in float32. */
  base: { bytes: number; perplexity: number | null };
  /** What the perplexities were computed on. */
  scored: { rows: number; tokens: number };
  /** What a reader has to know about them. */
  remarks?: string[];
};

/**
 * Writes a model in each wished format (only the folders that targets need come to be), and proves each file by having its runtime load it, answer the questions (greedily, by the model's chat
 * template) and score the held-out rows. To be called in a worker process: runtimes hold the event loop.
 * Throws QuantizationError: a file that its runtime refuses, logits that are not finite, tokens that llama.cpp reads differently.
 */
export async function quantizeModel(request: QuantizeRequest, folders: Readonly<Record<QuantizationTarget['kind'], string>>, context: WorkContext): Promise<{ metrics: QuantizeMetrics }> {
  const targets = [...new Set(request.to)].map(findTarget);
  await using model = await openSourceModel(request.modelFolder);
  checkCompensation(request, targets, model);
  await using adapter = request.adapterFolder === undefined ? undefined : await openAdapter(request.adapterFolder, targets);
  const exam = await prepareExam(request, model, context);
  const importance = targets.some(({ kind }) => kind === 'gguf') && !compensationOf(request) ? await importanceFor(request, exam.calibration, folders.gguf, context) : undefined;
  const writtenAdapter = adapter && (await writeAdapter(model, adapter, folders.gguf, context));
  const source = exam.rows.length > 0 ? await sourceScores(request.modelFolder, adapter, exam.rows, context) : [];
  const formats: QuantizedFormat[] = [];
  for (const target of targets) {
    context.signal.throwIfAborted();
    const started = performance.now();
    const written = await write(target, model, folders[target.kind], importance, request, exam.calibration, context);
    const secondsToWrite = (performance.now() - started) / 1000;
    formats.push({ target: target.name, ...written, secondsToWrite, ...(await examine(target, { path: join(folders[target.kind], written.file), adapter: writtenAdapter && join(folders.gguf, writtenAdapter.file), adapterFolder: request.adapterFolder }, exam, source, context)) });
  }
  const dataTypes = targets.flatMap((target) => (target.kind === 'onnx' ? [target.dataType] : []));
  if (dataTypes.length > 0) await writeOnnxFolder(model, dataTypes, folders.onnx);
  const places = source.flat();
  const base = { bytes: await bytesOf(model.weightFiles), perplexity: places.length > 0 ? perplexity(places.map(({ logProbability }) => logProbability)) : null };
  const scored = { rows: exam.rows.length, tokens: places.length };
  const remarks = [remarkOn(exam, scored, formats), remarkOnRuntime(model, targets)].filter((remark) => remark !== undefined);
  const metrics: QuantizeMetrics = { formats, ...(writtenAdapter && { adapter: writtenAdapter }), base, scored, ...(remarks.length > 0 && { remarks }) };
  for (const kind of new Set(targets.map((target) => target.kind))) await writeReport(folders[kind], kind, metrics);
  return { metrics };
}

function remarkOn({ standsIn, rows }: Exam, scored: QuantizeMetrics['scored'], formats: readonly QuantizedFormat[]): string | undefined {
  const ratios = formats.map(({ target, perplexityRatio }) => [target, perplexityRatio] as const);
  if (rows.length === 0) return 'no perplexity: nobody gave rows, and the usual text is scored neither with more than 4 GiB of weights nor where the vocabulary cannot spell it. Give held-out rows with a dataset.';
  return standsIn ? textStoodIn(scored.tokens, ratios) : tooFewTokens(scored, ratios);
}

/** Where the numbers of a file are not those of the program that people run it with. */
function remarkOnRuntime({ family }: SourceModel, targets: readonly QuantizationTarget[]): string | undefined {
  const names = targets.flatMap(({ kind, name }) => (kind === 'gguf' ? [name] : []));
  if (family.decoderStartTokenId === undefined || names.length === 0) return undefined;
  return `${names.join(', ')}: an encoder-decoder, which llama.cpp runs by its own programs; node-llama-cpp loaded the file and read its text, but runs no encoder, so that answers and perplexity are of the file's weights in our own library. Choose onnx/… for a runtime that does.`;
}

/** What was found of the files of a kind, beside them, so that it goes where they go. Without times and attempts: the same work makes the same bytes. */
async function writeReport(folder: string, kind: QuantizationTarget['kind'], { formats, ...metrics }: QuantizeMetrics): Promise<void> {
  const ofKind = formats.filter(({ target }) => findTarget(target).kind === kind).map(({ secondsToWrite: _, resumedLayers: _resumed, ...format }) => format);
  await writeFileAtomically(join(folder, 'report.json'), jsonText({ formats: ofKind, ...metrics }));
}

async function write(target: QuantizationTarget, model: SourceModel, folder: string, importance: ImportanceMatrix | undefined, request: QuantizeRequest, calibration: readonly EncodedRow[] | undefined, context: WorkContext): Promise<Pick<QuantizedFormat, 'file' | 'bytes' | 'content' | 'resumedLayers' | 'calibration'>> {
  const { hf = {}, layersFolder } = request;
  await mkdir(folder, { recursive: true });
  if (target.kind === 'onnx') return exportOnnx(model, target.dataType, folder, context);
  if (target.kind === 'hf') {
    const { name } = target.hf;
    const compensate = takesCompensation(target) && compensationOf(request) !== undefined;
    return { file: name, ...(await exportHf(model, target.hf, { ...hf, compensate }, join(folder, name), context, { calibration, layersFolder: layersFolder && join(layersFolder, name) })) };
  }
  const file = `model-${target.fileType.name}.gguf`;
  const wanted = takesCompensation(target) ? compensationOf(request) : undefined;
  const compensation = wanted && { ...wanted, rows: calibration!, layersFolder: layersFolder && join(layersFolder, `gguf-${target.fileType.name}`) };
  const written = await exportGguf(model, target.fileType, join(folder, file), context, { importance, compensation });
  return { file, bytes: (await stat(join(folder, file))).size, ...written };
}

function compensationOf({ compensate }: QuantizeRequest): Pick<Compensation, 'damping' | 'memory'> | undefined {
  return compensate === true ? {} : compensate || undefined;
}

function takesCompensation(target: QuantizationTarget): boolean {
  return target.kind === 'gguf' ? target.fileType.scheme.blockElements > 1 : target.kind === 'hf' && target.hf.method === 'gptq';
}

/** Throws QuantizationError `compensation-without-rows`, `compensation-without-target`, `encoder-decoder-not-compensated`. */
function checkCompensation(request: QuantizeRequest, targets: readonly QuantizationTarget[], { family }: SourceModel): void {
  if (compensationOf(request) === undefined) return;
  if (family.decoderStartTokenId !== undefined) {
    throw new QuantizationError({ code: 'encoder-decoder-not-compensated', message: `compensating works on a decoder, a layer at a time; got ${family.name}, an encoder-decoder. Leave it out: rows to calibrate on weigh the errors of its GGUF files without it.`, facts: { family: family.name } });
  }
  if (request.calibrationFolder === undefined) {
    throw new QuantizationError({ code: 'compensation-without-rows', message: 'compensating looks at what the model computes of rows to train on; got none. Give a dataset to calibrate on (an importance matrix does not say enough), or leave compensating out.', facts: {} });
  }
  if (targets.some(takesCompensation)) return;
  const names = targets.map(({ name }) => name);
  throw new QuantizationError({ code: 'compensation-without-target', message: `compensating is for GGUF files with blocks, such as gguf/q4_k_m, and for hf/gptq-…; got ${names.join(', ')}. Add such a target, or leave compensating out.`, facts: { targets: names } });
}

async function openAdapter(folder: string, targets: readonly QuantizationTarget[]): Promise<Adapter> {
  const other = targets.find(({ kind }) => kind !== 'gguf');
  if (other === undefined) return readAdapter(folder);
  throw new QuantizationError({ code: 'adapter-needs-gguf', message: `an adapter can be written for GGUF files, not for ${other.name}. Leave that target out, or merge the adapter into the model first.`, facts: { target: other.name } });
}

async function writeAdapter(model: SourceModel, adapter: Adapter, folder: string, context: WorkContext): Promise<{ file: string; bytes: number }> {
  await mkdir(folder, { recursive: true });
  await exportGgufAdapter(model, adapter, f16, join(folder, adapterFile), context);
  return { file: adapterFile, bytes: (await stat(join(folder, adapterFile))).size };
}

/** The matrix that was given, or what goes through the model while it reads the rows; that one is left beside the GGUF files, where llama.cpp's own tools can use it. */
async function importanceFor({ modelFolder, importanceFolder, to }: QuantizeRequest, rows: readonly EncodedRow[] | undefined, folder: string, context: WorkContext): Promise<ImportanceMatrix | undefined> {
  // Rows beside a matrix may be for packed folders, which look at them too.
  if (importanceFolder !== undefined && rows !== undefined && !to.some((name) => name.startsWith('hf/'))) {
    throw new QuantizationError({ code: 'importance-twice', message: 'expected rows to calibrate on or an importance matrix; got both. Leave one out.', facts: { importanceFolder } });
  }
  if (importanceFolder !== undefined) return readImportanceFile(join(importanceFolder, importanceFile));
  if (rows === undefined) return undefined;
  const importance = await collectImportance(modelFolder, rows, context);
  await mkdir(folder, { recursive: true });
  await writeImportanceFile(join(folder, importanceFile), importance, { dataset: 'calibration', rows: rows.length, longestRow: Math.max(...rows.map(({ tokenIds }) => tokenIds.length)) });
  return importance;
}
