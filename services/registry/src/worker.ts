import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openGguf, readAdapter, readJsonFile, writeAdapter } from '@tunesmith/checkpoints';
import { addAlpacaTemplate, importModel } from '@tunesmith/models';
import { defineWorker } from '@tunesmith/platform';

/** What was imported, with facts about it that may stand in the metrics of the step. */
export interface ImportedModel {
  readonly kind: 'model' | 'adapter' | 'gguf';
  readonly [fact: string]: string | number | string[];
}

/** What the workers of the registry may run. An import reads and writes one weight at a time: it does not queue behind hours of training. */
export default defineWorker({
  async importModel({ source, outFolder, chatTemplate }: { source: string; outFolder: string; chatTemplate?: 'alpaca' }, context): Promise<ImportedModel> {
    const config = join(source, 'adapter_config.json');
    if (await isImportanceMatrix(source)) {
      await mkdir(outFolder, { recursive: true });
      await copyFile(source, join(outFolder, 'imatrix.gguf'));
      return { kind: 'gguf' };
    }
    if (!(await exists(config))) {
      const facts = await importModel(source, outFolder, context);
      if (chatTemplate === 'alpaca') await addAlpacaTemplate(outFolder);
      return { ...facts, kind: 'model' };
    }
    await using adapter = await readAdapter(source);
    const { tensors } = adapter;
    const entries = [...tensors.names()].map((name) => ({ name, dtype: tensors.info(name).dtype, shape: tensors.info(name).shape, bytes: () => tensors.read(name) }));
    await writeAdapter(outFolder, { config: (await readJsonFile(config)) as Record<string, unknown>, tensors: entries });
    return { kind: 'adapter', tensors: entries.length };
  },
}, { cores: { importModel: 0 } });

/** What llama-imatrix and our own calibration write: no model. Its numbers are checked where they are used. */
async function isImportanceMatrix(path: string): Promise<boolean> {
  if (!path.endsWith('.gguf') || !(await exists(path))) return false;
  await using source = await openGguf(path);
  return source.metadata.get('general.type') === 'imatrix';
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
