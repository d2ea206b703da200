import { readJsonFile } from '@tunesmith/checkpoints';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { QuantizationError } from '../quantization-error.js';
import { findTarget } from '../quantization-targets.js';
import { graphPath, openedGraphs } from '../exporters/onnx/graph-path.js';

/** The file that opens a quantized model: the path itself, else that of the format in the folder, else the only one there. Of a folder with packed linears it is its config.json. */
export async function quantizedFile(path: string, format?: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return path;
  const files = await quantizedFiles(path);
  const wanted = format === undefined ? undefined : filesOf(format);
  const found = wanted === undefined ? files : files.filter((file) => wanted.includes(file));
  if (found.length === 1) return join(path, found[0]!);
  const facts = { path, format: format ?? null, files };
  const named = files.length > 0 ? files.slice(0, 10).join(', ') : 'no .gguf, no .onnx file and no folder with packed linears';
  if (found.length === 0) throw new QuantizationError({ code: 'quantized-file-missing', message: `expected ${wanted?.[0] ?? 'a .gguf file, an .onnx file or a folder with packed linears'} in ${path}; it has ${named}`, facts });
  throw new QuantizationError({ code: 'quantized-file-ambiguous', message: `expected one file in ${path}; it has ${named}. Say which by its format, such as gguf/q8_0 for model-q8_0.gguf.`, facts });
}

async function quantizedFiles(folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).map((file) => file.split(sep).join('/')).sort();
  const packed = await Promise.all(files.map(async (file) => isWeightsHead(file, files) && (await isPacked(join(folder, file)))));
  return files.filter((file, place) => packed[place] || (/\.(gguf|onnx)$/.test(file) && !isBeside(file)));
}

/** Where `quantize` writes a format: one of these. */
function filesOf(format: string): readonly string[] {
  const target = findTarget(format);
  if (target.kind === 'hf') return [`${target.hf.name}/config.json`];
  return target.kind === 'gguf' ? [`model-${target.fileType.name}.gguf`] : openedGraphs.map((graph) => graphPath(graph, target.dataType));
}

/** A config.json with weights beside it; folders of graphs have one without. */
function isWeightsHead(file: string, files: readonly string[]): boolean {
  if (!/(^|\/)config\.json$/.test(file)) return false;
  const folder = dirname(file) === '.' ? '' : `${dirname(file)}/`;
  return files.includes(`${folder}model.safetensors`) || files.includes(`${folder}model.safetensors.index.json`);
}

async function isPacked(config: string): Promise<boolean> {
  const value = await readJsonFile(config);
  return typeof value === 'object' && value !== null && 'quantization_config' in value;
}

/** What lies beside models: the importance matrix and the adapter of GGUF files, and the encoder of a decoder's graph. */
function isBeside(file: string): boolean {
  return /(^|\/)(imatrix\.gguf|adapter-[^/]*\.gguf|encoder_model[^/]*\.onnx)$/.test(file);
}
