import { jsonText, readSideFiles, writeFileAtomically } from '@tunesmith/checkpoints';
import { basename, join } from 'node:path';
import type { SourceModel } from '../source-model.js';
import { onnxDataTypes, type OnnxDataType } from './data-types.js';
import { genaiConfig } from './genai-config.js';
import { graphPath } from './graph-path.js';
import { graphOf } from './graphs.js';

/**
 * Writes what stands around the graphs in a folder that transformers.js and onnxruntime-genai load: config.json with `transformers.js_config`,
 * generation_config.json, the tokenizer with its chat template, genai_config.json. Of several graphs they load the smallest by themselves.
 */
export async function writeOnnxFolder(model: SourceModel, dataTypes: readonly OnnxDataType[], folder: string): Promise<void> {
  const written = onnxDataTypes.filter((dataType) => dataTypes.includes(dataType));
  const first = written[0]!;
  const tokenizerFiles = await readSideFiles(model.path, model.sideFiles);
  for (const [name, bytes] of Object.entries(tokenizerFiles)) await writeFileAtomically(join(folder, name), bytes);
  // transformers.js reads the template from here only.
  const tokenizerConfig = { ...model.tokenizerConfig, ...(model.chatTemplate !== undefined && { chat_template: model.chatTemplate }) };
  await writeFileAtomically(join(folder, 'tokenizer_config.json'), jsonText(tokenizerConfig));
  await writeFileAtomically(join(folder, 'generation_config.json'), jsonText(model.generationConfig));
  const graph = graphOf(model);
  const shape = graph.shape(model.config);
  if (shape !== null) await writeFileAtomically(join(folder, 'genai_config.json'), jsonText(genaiConfig(model, shape, graphPath('model', first))));
  const javascript = {
    dtype: first.dtype,
    use_external_data_format: Object.fromEntries(written.flatMap((dataType) => graph.files(model.config).map(({ name }) => [basename(graphPath(name, dataType)), 1]))),
  };
  await writeFileAtomically(join(folder, 'config.json'), jsonText({ ...model.configJson, 'transformers.js_config': javascript }));
}
