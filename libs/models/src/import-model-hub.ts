import { modelSideFiles } from '@tunesmith/checkpoints';
import type { WorkContext } from '@tunesmith/tensor';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ImportModelError } from './import-model-error.js';
import { fetchHubFile, HubClient, type HubFile } from './import-model-hub-client.js';

/** `hf:ORG/NAME[@REVISION][/FILE.gguf]`, taken apart. */
export interface HubReference {
  readonly repository: string;
  readonly revision: string;
  /** A GGUF file inside of the repository. */
  readonly file?: string;
}

/** Undefined where `source` does not begin with `hf:`. Throws ImportModelError (`hub-bad-reference`) where it does and is no reference. */
export function hubReference(source: string): HubReference | undefined {
  if (!source.startsWith('hf:')) return undefined;
  const match = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([\w.-]+))?(?:\/([\w./-]+\.gguf))?$/.exec(source);
  if (!match?.[1] || match[3]?.split('/').includes('..')) {
    throw new ImportModelError({ code: 'hub-bad-reference', message: `${source} is no reference to the hub; hf:ORG/NAME, hf:ORG/NAME@REVISION or hf:ORG/NAME/FILE.gguf is expected.`, facts: { source } });
  }
  return { repository: match[1], revision: match[2] ?? 'main', ...(match[3] === undefined ? {} : { file: match[3] }) };
}

export interface HubOptions {
  /** Where downloads wait until they are imported; an interrupted one goes on from there. Default: `tunesmith/hub` in the user's cache. */
  readonly cacheFolder?: string;
  /** Default: the process's own environment. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are read. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds before the first retry of a broken transfer; doubled each time. Default 500. */
  readonly retryDelay?: number;
}

/**
 * Fetches a model repository from the hub: the weights (safetensors, or the one GGUF file), config and tokenizer files. Every file is checked
 * against the digest that the hub lists. `path` is what to import; the download is removed when disposed of, and kept after a failure, so
 * that the next attempt resumes. Throws ImportModelError (`hub-…`).
 */
export async function downloadHubModel(reference: HubReference, context: WorkContext, options: HubOptions = {}): Promise<AsyncDisposable & { readonly path: string }> {
  const environment = options.environment ?? process.env;
  const { repository, revision } = reference;
  if (isTrue(environment.HF_HUB_OFFLINE)) {
    throw new ImportModelError({
      code: 'hub-offline',
      message: `hf:${repository} needs the hub, but HF_HUB_OFFLINE is set. Unset it, or give a local folder or GGUF file.`,
      facts: { repository },
    });
  }
  const client = new HubClient(environment.HF_ENDPOINT || 'https://huggingface.co', environment.HF_TOKEN, options.retryDelay ?? 500, context.signal);
  const { commit, files } = await client.list(repository, revision);
  const chosen = choose(files, reference);
  const cache = options.cacheFolder ?? join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tunesmith', 'hub');
  const folder = join(cache, repository.replace('/', '--'), commit);
  await mkdir(folder, { recursive: true });
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const file of chosen) {
    const target = join(folder, file.path);
    await mkdir(dirname(target), { recursive: true });
    if (!(await isFetched(target, file))) {
      const partial = `${target}.partial`;
      await fetchHubFile(client, repository, commit, file, partial, (bytes) => context.onProgress({ phase: 'download', done: done + bytes, total, unit: 'bytes', message: file.path }));
      await rename(partial, target);
    }
    done += file.size;
    context.onProgress({ phase: 'download', done, total, unit: 'bytes', message: file.path });
  }
  const [first] = chosen;
  const path = first?.path.endsWith('.gguf') ? join(folder, first.path) : folder;
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

const folderFiles = new Set([...modelSideFiles, 'config.json', 'generation_config.json', 'model.safetensors', 'model.safetensors.index.json']);

/** The files of a Hugging Face folder, or one GGUF file with its other parts. */
function choose(files: readonly HubFile[], { repository, file: wanted }: HubReference): HubFile[] {
  const ggufs = files.filter(({ path }) => path.endsWith('.gguf'));
  const hasWeights = files.some(({ path }) => path === 'model.safetensors' || path === 'model.safetensors.index.json');
  if (wanted === undefined && hasWeights) return files.filter(({ path }) => folderFiles.has(path) || /^model-\d{5}-of-\d{5}\.safetensors$/.test(path));
  const first = wanted === undefined ? onlyOne(ggufs) : ggufs.find(({ path }) => path === wanted);
  if (first) {
    const parts = /^(.*)-00001-of-(\d{5})\.gguf$/.exec(first.path);
    return parts ? ggufs.filter(({ path }) => path.startsWith(`${parts[1]}-`) && path.endsWith(`-of-${parts[2]}.gguf`)).sort((a, b) => (a.path < b.path ? -1 : 1)) : [first];
  }
  const names = ggufs.map(({ path }) => path);
  const pickle = files.some(({ path }) => /\.(?:bin|pt|pth)$/.test(path));
  throw new ImportModelError({
    code: 'hub-no-weights',
    message:
      names.length > 0
        ? `hf:${repository} has ${wanted === undefined ? 'several GGUF files' : `no file ${wanted}`}; choose one as hf:${repository}/FILE.gguf: ${names.join(', ')}.`
        : `hf:${repository} has no safetensors weights and no GGUF file.${pickle ? ' It has pickles, which run code when they are opened and are refused.' : ''}`,
    facts: { repository, files: files.map(({ path }) => path).slice(0, 100) },
  });
}

function onlyOne(ggufs: readonly HubFile[]): HubFile | undefined {
  const firsts = ggufs.filter(({ path }) => !/-(?!00001)\d{5}-of-\d{5}\.gguf$/.test(path));
  return firsts.length === 1 ? firsts[0] : undefined;
}

/** A file gets its name only after its digest was checked, so the size is enough to know a finished one. */
async function isFetched(path: string, file: HubFile): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.size === file.size;
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'on', 'yes', 'true'].includes(value.toLowerCase());
}
