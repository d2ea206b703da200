import { text } from 'node:stream/consumers';
import { AddressError } from './address-error.js';
import { fetchChecked, type FetchOptions } from './fetch-checked.js';

/** An object below a prefix, as the store lists it. */
export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** Tells one state of the object from the next. */
  readonly version: string;
}

/** More than that is no folder of rows, and would be fetched file by file. */
const mostObjects = 10_000;

/**
 * Lists the objects below a prefix, page by page (ListObjectsV2), in the order of their keys. Markers of folders, which end in a slash, are left out.
 *
 * @param address of a page: what is asked for, as the store lets it through
 * @throws AddressError as `fetchChecked`, `address-answer` for what is no listing, `address-too-large`.
 */
export async function listObjects(prefix: string, address: (query: Readonly<Record<string, string>>) => Promise<URL>, options: FetchOptions): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  let next: string | undefined;
  do {
    const url = await address({ 'list-type': '2', 'encoding-type': 'url', prefix, ...(next !== undefined && { 'continuation-token': next }) });
    const page = await text((await fetchChecked(url, options)).message);
    if (!/<ListBucketResult[\s>]/.test(page)) throw new AddressError({ code: 'address-answer', message: `expected ${url.host} to list the objects below "${prefix}"; got ${JSON.stringify(page.slice(0, 120))}`, facts: { host: url.host, prefix } });
    for (const [, found = ''] of page.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
      const key = decodeURIComponent((part(found, 'Key') ?? '').replaceAll('+', ' '));
      if (key.startsWith(prefix) && !key.endsWith('/')) objects.push({ key, size: Number(part(found, 'Size') ?? NaN), version: `${part(found, 'ETag')} ${part(found, 'LastModified')} ${part(found, 'Size')}` });
    }
    if (objects.length > mostObjects) throw new AddressError({ code: 'address-too-large', message: `expected at most ${mostObjects} objects below "${prefix}"; there are more. Name a narrower prefix, or push an archive of them.`, facts: { prefix, mostObjects } });
    next = part(page, 'IsTruncated') === 'true' ? unescaped(part(page, 'NextContinuationToken')) : undefined;
  } while (next !== undefined);
  return objects;
}

function part(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescaped(value: string | undefined): string | undefined {
  return value?.replace(/&(lt|gt|quot|apos|amp);/g, (_whole, name: string) => entities[name]!);
}
