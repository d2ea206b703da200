import { readSideFiles, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { join } from 'node:path';
import type { SourceModel } from '../exporters/source-model.js';
import { describeRuntime } from '../testing/describe-runtime.js';
import { openFolderRuntime } from './folder-runtime.js';

describeRuntime('tunesmith', { open: openFolderRuntime, write, weightsOf: (path) => join(path, 'model.safetensors'), headOf: (path) => join(path, 'config.json'), tolerance: 1e-4 });

async function write({ path, family, config, configJson, weights, sideFiles }: SourceModel, folder: string): Promise<string> {
  const tensors: SafetensorsEntry[] = [];
  for (const { huggingFace: name, shape } of family.weights.tensors(config)) tensors.push({ name, dtype: 'F32', shape, bytes: new Uint8Array((await weights.values(name, shape)).buffer) });
  await writeModelFolder(folder, { config: configJson, tensors, files: await readSideFiles(path, sideFiles) });
  return folder;
}
