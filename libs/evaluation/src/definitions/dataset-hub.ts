import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Where published datasets come from. */
export interface DatasetHub {
  /** Such as https://huggingface.co */
  readonly endpoint: string;
  readonly token?: string;
  /** Downloads stay here: a dataset is fetched once. */
  readonly cacheFolder: string;
}

/** How long the hub may take to answer before it counts as out of reach. */
const answerMilliseconds = 10_000;

/** The hub of the environment (HF_ENDPOINT, HF_TOKEN); undefined where HF_HUB_OFFLINE says that there is none. */
export function datasetHubOf(environment: Readonly<Record<string, string | undefined>>, cacheFolder: string): DatasetHub | undefined {
  if (['1', 'on', 'yes', 'true'].includes((environment['HF_HUB_OFFLINE'] ?? '').toLowerCase())) return undefined;
  const token = environment['HF_TOKEN'];
  return { endpoint: environment['HF_ENDPOINT'] || 'https://huggingface.co', ...(token ? { token } : {}), cacheFolder };
}

/** The Parquet files that the hub has of every published dataset, of one split. Throws plain errors with the reason. */
export async function downloadSplit(hub: DatasetHub, { path, name, split }: { path: string; name?: string; split: string }, signal: AbortSignal): Promise<string[]> {
  const listing = (await (await ask(hub, `${hub.endpoint}/api/datasets/${path}/parquet`, signal)).json()) as Record<string, Record<string, string[]>>;
  const configurations = Object.keys(listing);
  const configuration = name ?? (configurations.length === 1 ? configurations[0]! : 'default');
  const splits = listing[configuration];
  if (!splits) throw new Error(`it has the configurations ${configurations.join(', ')}, not "${configuration}"`);
  const urls = splits[split];
  if (!urls) throw new Error(`it has the splits ${Object.keys(splits).join(', ')}, not "${split}"`);
  const folder = join(hub.cacheFolder, createHash('sha256').update([hub.endpoint, path, configuration, split].join(' ')).digest('hex').slice(0, 32));
  await mkdir(folder, { recursive: true });
  return Promise.all(urls.map(async (url, index) => {
    const target = join(folder, `${index}.parquet`);
    if (await stat(target).catch(() => undefined)) return target;
    const { body } = await ask(hub, new URL(url, hub.endpoint).href, signal);
    if (!body) throw new Error(`${url} is empty`);
    await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(`${target}.partial`));
    await rename(`${target}.partial`, target);
    return target;
  }));
}

async function ask({ endpoint, token }: DatasetHub, url: string, signal: AbortSignal): Promise<Response> {
  const late = AbortSignal.timeout(answerMilliseconds);
  const answer = await fetch(url, { signal: AbortSignal.any([signal, late]), headers: token && url.startsWith(endpoint) ? { authorization: `Bearer ${token}` } : {} }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new Error(`${endpoint} is out of reach`, { cause });
  });
  if (answer.ok) return answer;
  throw new Error(`${url} answers ${answer.status}`);
}
