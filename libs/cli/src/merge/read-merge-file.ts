import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { readGivenFile } from '../read-given-file.js';
import { isPath, providePath } from '../runs/references.js';
import type { StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';

/** Whether a text means a merge configuration: a YAML file. */
export function isMergeFile(text: string): boolean {
  return /\.ya?ml$/i.test(text);
}

/**
 * Reads a mergekit configuration and finds its models and adapters: a path is one from the file's folder, `ORG/NAME` that is no folder there is a model of the Hugging Face hub, anything
 * else is registered. -> the keys of a merge step.
 */
export async function readMergeFile(session: Session, path: string): Promise<StepSettings> {
  const [{ MergeDocumentError, readMergeConfiguration }, { parseAllDocuments, YAMLParseError }] = await Promise.all([import('@tunesmith/contracts'), import('yaml')]);
  const text = await readGivenFile(path, 'CONFIG', 'a merge configuration');
  try {
    const documents = [...parseAllDocuments(text, { schema: 'core', merge: true, uniqueKeys: true })];
    if (documents.length > 1) throw new UsageError(`${path}: expected one merge; got ${documents.length} documents between ---. Write each into a file of its own, merge them in their order with --out, and name in the later ones the folders of the earlier.`);
    const [error] = documents.flatMap(({ errors }) => errors);
    if (error) throw error;
    const { configuration, models, adapters } = readMergeConfiguration(documents[0]?.toJS({ maxAliasCount: 100 }) ?? null);
    for (const { name, adapter } of configuration.inputs) {
      if (adapter !== undefined && existsSync(resolve(dirname(path), name))) throw new UsageError(`${path}: expected an adapter behind the + of ${name}; a file or folder of that whole name is there. Write it as { model: { path: ${JSON.stringify(name)} } }.`);
    }
    for (const each of models) expectKind(resolve(dirname(path), each), 'model');
    for (const each of adapters) expectKind(resolve(dirname(path), each), 'adapter');
    const provided = async (written: readonly string[]): Promise<string[]> => {
      const references: string[] = [];
      for (const each of written) references.push(await provide(session, dirname(path), each));
      return references;
    };
    return { configuration: configuration as StepSettings, models: await provided(models), ...(adapters.length > 0 ? { adapters: await provided(adapters) } : {}) };
  } catch (error) {
    if (error instanceof MergeDocumentError || error instanceof YAMLParseError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

/** Tells an adapter's folder from a model's before either is imported. */
function expectKind(folder: string, kind: 'model' | 'adapter'): void {
  const [isAdapter, isModel] = ['adapter_config.json', 'config.json'].map((name) => existsSync(join(folder, name))) as [boolean, boolean];
  if (isAdapter === isModel || isAdapter === (kind === 'adapter')) return;
  throw new UsageError(kind === 'model' ? `CONFIG: expected a model in ${folder}; it holds an adapter. Write it behind its base: MODEL+ADAPTER.` : `CONFIG: expected an adapter behind the + in ${folder}; it holds a model. Name it as a model of its own.`);
}

function provide(session: Session, folder: string, written: string): Promise<string> | string {
  const beside = resolve(folder, written);
  if (!/^(sha256|hf):/.test(written) && existsSync(beside)) return providePath(session, beside, 'CONFIG');
  if (/^[\w-]+\/[\w.-]+$/.test(written)) return `hf:${written}`;
  if (/^[\w-]+\/[\w.-]+@[^/]+$/.test(written)) throw new UsageError(`CONFIG: expected ORG/NAME, a registered model or a path; got ${written}: revisions of the hub are not looked up. Fetch that one, and name its folder.`);
  return isPath(written) ? providePath(session, written.startsWith('~') ? written : beside, 'CONFIG') : written;
}
