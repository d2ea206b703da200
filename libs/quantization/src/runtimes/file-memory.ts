import { elementCount, openGguf } from '@tunesmith/checkpoints';
import { ggufReadsSource } from '@tunesmith/models';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { encoderBeside, hasEncoderBeside } from './onnx-encoder-decoder.js';

/** Bytes of weights that opening a GGUF file or an ONNX graph takes: as many as it has, or those that an encoder-decoder's are decoded into. */
export async function fileMemory(path: string): Promise<number> {
  if (path.endsWith('.gguf')) return ggufMemory(path);
  const graphs = hasEncoderBeside(path) ? [path, encoderBeside(path)] : [path];
  const files = graphs.flatMap((graph) => [graph, `${graph}_data`]).filter((file) => existsSync(file));
  return (await Promise.all(files.map(async (file) => (await stat(file)).size))).reduce((sum, size) => sum + size, 0);
}

async function ggufMemory(path: string): Promise<number> {
  await using source = await openGguf(path);
  if (!ggufReadsSource(source)) return (await stat(path)).size;
  return [...source.names()].reduce((sum, name) => sum + elementCount(source.info(name).shape), 0) * Float32Array.BYTES_PER_ELEMENT;
}
