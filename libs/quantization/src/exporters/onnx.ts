import type { WorkContext } from '@tunesmith/tensor';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockLinears } from './onnx/block-linears.js';
import { writeDecoderGraph } from './onnx/decoder-graph.js';
import { decoderPlanOf } from './onnx/decoder-plans.js';
import { encodeModel } from './onnx/encode-model.js';
import { ExternalDataFile } from './onnx/external-data-file.js';
import { FloatLinears } from './onnx/float-linears.js';
import { GraphBuilder } from './onnx/graph-builder.js';
import { onnxVariants, type OnnxVariant } from './onnx/onnx-variants.js';
import { mixedInt4 } from './onnx/precision.js';
import type { SourceModel } from './source-model.js';

const producer = { name: 'tunesmith', version: '0.1.0' };

/** A graph that was written. */
export interface OnnxFile {
  /** The .onnx file inside the folder; its weights lie beside it. */
  readonly file: string;
  /** Of both files. */
  readonly bytes: number;
}

/**
 * Writes the decoder graph of a model, weights streamed into the file beside it, under the name that transformers.js looks for
 * (`onnx/model_q4.onnx`). `writeOnnxFolder` adds what the runtimes read besides.
 * Throws QuantizationError `family-without-graph`, and for weights that the format cannot hold.
 */
export async function exportOnnx(model: SourceModel, variant: OnnxVariant, folder: string, { signal, onProgress }: WorkContext): Promise<OnnxFile> {
  const plan = decoderPlanOf(model);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const { file } = onnxVariants[variant];
  const path = join(folder, file);
  await using data = await ExternalDataFile.create(`${path}_data`);
  const graph = new GraphBuilder('decoder', data);
  const { weights } = model;
  const linears = variant === 'int4' ? new BlockLinears(plan, graph, weights, mixedInt4(plan.layers.length)) : new FloatLinears(plan, graph, weights);
  let done = 0;
  const layerDone = () => {
    signal.throwIfAborted();
    done += 1;
    onProgress({ phase: `writing onnx/${variant}`, done, total: plan.layers.length, unit: 'layers' });
  };
  await writeDecoderGraph(plan, { graph, weights, linears, layerDone });
  const proto = encodeModel(graph.finish(), producer);
  await writeFile(path, proto);
  return { file, bytes: proto.length + data.length };
}
