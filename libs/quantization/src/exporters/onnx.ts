import type { WorkContext } from '@tunesmith/tensor';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileContent } from './file-content.js';
import type { OnnxDataType } from './onnx/data-types.js';
import { DecoderParts } from './onnx/decoder-parts.js';
import { encodeModel } from './onnx/encode-model.js';
import { ExternalDataFile } from './onnx/external-data-file.js';
import { GraphBuilder } from './onnx/graph-builder.js';
import { graphFile } from './onnx/graph-file.js';
import { graphOf } from './onnx/graphs.js';
import { WeightStore } from './onnx/weight-store.js';
import type { SourceModel } from './source-model.js';

const producer = { name: 'tunesmith', version: '0.1.0' };

/** A graph that was written. */
export interface OnnxFile {
  /** The .onnx file inside the folder; its weights lie beside it. */
  readonly file: string;
  /** Of both files. */
  readonly bytes: number;
  readonly content: FileContent;
}

/**
 * Writes the decoder graph of a model, weights streamed into the file beside it, under the name that transformers.js looks for
 * (`onnx/model_q4.onnx`). `writeOnnxFolder` adds what the runtimes read besides.
 * Throws QuantizationError `family-without-graph`, `rotation-without-graph`, and for weights that the format cannot hold.
 */
export async function exportOnnx(model: SourceModel, dataType: OnnxDataType, folder: string, { signal, onProgress }: WorkContext): Promise<OnnxFile> {
  const { shape, write } = graphOf(model);
  const { layers, vocabularySize } = shape(model.config);
  const file = graphFile('model', dataType);
  const path = join(folder, file);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await using data = await ExternalDataFile.create(`${path}_data`);
  const graph = new GraphBuilder('decoder', data);
  const store = new WeightStore(graph, model.weights, dataType, layers);
  let done = 0;
  const layerDone = () => {
    signal.throwIfAborted();
    done += 1;
    onProgress({ phase: `writing onnx/${dataType.name}`, done, total: layers, unit: 'layers' });
  };
  const logits = await write(model.config, new DecoderParts(graph, store, layerDone));
  graph.output('logits', 'float32', ['batch_size', 'sequence_length', vocabularySize], logits);
  const proto = encodeModel(graph.finish(), producer);
  await writeFile(path, proto);
  return { file, bytes: proto.length + data.length, content: store.content };
}
