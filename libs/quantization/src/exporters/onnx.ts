import type { WorkContext } from '@tunesmith/tensor';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countFallbacks, type FileContent } from './file-content.js';
import type { OnnxDataType } from './onnx/data-types.js';
import { encodeModel } from './onnx/encode-model.js';
import { ExternalDataFile } from './onnx/external-data-file.js';
import { GraphBuilder } from './onnx/graph-builder.js';
import { graphPath } from './onnx/graph-path.js';
import { graphOf } from './onnx/graphs.js';
import { WeightStore } from './onnx/weight-store.js';
import type { SourceModel } from './source-model.js';

const producer = { name: 'tunesmith', version: '0.1.0' };

/** The graphs of a model that were written. */
export interface OnnxFiles {
  /** The .onnx file inside the folder that a runtime opens; its weights lie beside it. Of an encoder-decoder it is the decoder, and the encoder is its neighbour. */
  readonly file: string;
  /** Of all files. */
  readonly bytes: number;
  readonly content: FileContent;
}

/**
 * Writes the graphs of a model, weights streamed into the files beside them, under the names that transformers.js looks for
 * (`onnx/model_q4.onnx`). `writeOnnxFolder` adds what the runtimes read besides.
 * Throws QuantizationError `family-without-graph`, `rotation-without-graph`, and for weights that the format cannot hold.
 */
export async function exportOnnx(model: SourceModel, dataType: OnnxDataType, folder: string, { signal, onProgress }: WorkContext): Promise<OnnxFiles> {
  const files = graphOf(model).files(model.config);
  const total = files.reduce((sum, { layers }) => sum + layers, 0);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  let [done, bytes] = [0, 0];
  const stores: WeightStore[] = [];
  for (const { name, layers, write } of files) {
    const path = join(folder, graphPath(name, dataType));
    await using data = await ExternalDataFile.create(`${path}_data`);
    const graph = new GraphBuilder(name, data);
    const store = new WeightStore(graph, model.weights, dataType, layers);
    stores.push(store);
    await write(graph, store, () => {
      signal.throwIfAborted();
      done += 1;
      onProgress({ phase: `writing onnx/${dataType.name}`, done, total, unit: 'layers' });
    });
    const proto = encodeModel(graph.finish(), producer);
    await writeFile(path, proto);
    bytes += proto.length + data.length;
  }
  return { file: graphPath(files.at(-1)!.name, dataType), bytes, content: contentOf(stores) };
}

function contentOf(stores: readonly WeightStore[]): FileContent {
  const types: Record<string, number> = {};
  for (const store of stores) for (const [type, count] of Object.entries(store.types)) types[type] = (types[type] ?? 0) + count;
  return { types, fallbacks: countFallbacks(stores.flatMap(({ fallbacks }) => fallbacks)) };
}
