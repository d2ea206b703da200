import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Client } from 'minio';
import type { PlatformConfig } from '../config/platform-config.js';
import { AddressError } from './address-error.js';
import { downloadFile, isTooLong, longestName, type DownloadOptions } from './download-file.js';
import { listObjects, type ListedObject } from './object-listing.js';
import { isHiddenKey, objectPaths } from './object-paths.js';
import { explainRefusal } from './store-refusal.js';

/** Files of a prefix that are under way together. */
const atATime = 16;

/** What comes from outside by address: `https://…`, `s3://BUCKET/KEY`, and `s3://BUCKET/PREFIX/` with all that lies below it. */
export class RemoteFiles {
  constructor(private readonly config: PlatformConfig) {}

  /** Whether a path is an address that this class fetches. */
  static isAddress(path: string): boolean {
    return /^(https?|s3):\/\//i.test(path);
  }

  /** Fetches the file into a folder and returns where it lies; of an S3 prefix, which ends in a slash, the folder with all files below it. @throws AddressError */
  async fetch(address: string, folder: string, options: Pick<DownloadOptions, 'signal' | 'onBytes'>): Promise<string> {
    const { allowed, s3 } = this.config.addresses;
    if (!URL.canParse(address)) throw new AddressError({ code: 'address-scheme', message: `expected https://HOST/PATH, s3://BUCKET/KEY or s3://BUCKET/PREFIX/; got "${address}"`, facts: {} });
    const named = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(address);
    if (!named) return downloadFile(new URL(address), folder, { ...options, allowed });
    // As it is written: a key may hold what separates the parts of other addresses.
    const [bucket = '', key = ''] = named.slice(1);
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw new AddressError({ code: 'address-scheme', message: `expected s3://BUCKET/KEY of a file, or s3://BUCKET/PREFIX/ of a folder, where a bucket is 3 to 63 small letters, digits, dots and hyphens; got "${address}"`, facts: { bucket, key } });
    if (key.split('/').some((part) => part === '.' || part === '..')) throw new AddressError({ code: 'address-scheme', message: `expected a key without "." and ".." between its slashes, which no address can hold; got "${address}"`, facts: { bucket, key } });
    const fetching = { ...options, allowed, trusted: s3.trusted ? [hostOf(s3)] : [] };
    try {
      return await (key === '' || key.endsWith('/') ? this.fetchPrefix(bucket, key, folder, fetching) : downloadFile(await this.signed(bucket, key), folder, fetching));
    } catch (error) {
      throw explainRefusal(error, { host: hostOf(s3), bucket, key, signed: s3.accessKey !== undefined });
    }
  }

  /** The names of the files stay as they lie below the prefix, because a dataset takes tags and splits from them. */
  private async fetchPrefix(bucket: string, prefix: string, folder: string, options: DownloadOptions): Promise<string> {
    const list = async (): Promise<ListedObject[]> => (await listObjects(prefix, (query) => this.signed(bucket, '', query), options)).filter(({ key }) => !isHiddenKey(key, prefix));
    const objects = await list();
    if (objects.length === 0) throw new AddressError({ code: 'address-empty', message: `expected files below s3://${bucket}/${prefix}; there are none. List the bucket, and mind that a prefix ends in a slash and a file does not.`, facts: { bucket, prefix } });
    const gone = await this.fetchObjects(bucket, prefix, objects, folder, options);
    const after = new Map((await list()).map(({ key, version }) => [key, version]));
    const changed = [...objects.filter(({ key, version }) => after.get(key) !== version).map(({ key }) => key), ...[...after.keys()].filter((key) => !objects.some((each) => each.key === key))];
    if (changed.length > 0 || gone) throw new AddressError({ code: 'address-changed', message: `expected s3://${bucket}/${prefix} to stay as it is while it is read; ${changed.slice(0, 5).join(', ') || 'something'} changed meanwhile. Push it again when it rests.`, facts: { bucket, prefix, changed: changed.slice(0, 100) } });
    return folder;
  }

  /** Several at a time, for most of the time of a small file is waiting. Returns whether one of them was no longer as it was listed; nothing more is fetched then. */
  private async fetchObjects(bucket: string, prefix: string, objects: readonly ListedObject[], folder: string, options: DownloadOptions): Promise<boolean> {
    const paths = objectPaths(objects.map(({ key }) => key), prefix);
    for (const [place, path] of paths.entries()) expectNamesFit(path, bucket, objects[place]!.key);
    const total = objects.reduce((sum, { size }) => sum + size, 0);
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const waiting = objects.entries();
    let done = 0;
    let failure: { readonly error: unknown } | undefined;
    const work = async (): Promise<void> => {
      try {
        for (const [place, { key }] of waiting) {
          const path = join(folder, paths[place]!);
          await mkdir(dirname(path), { recursive: true });
          let before = 0;
          const onBytes = (bytes: number): void => {
            done += bytes - before;
            before = bytes;
            options.onBytes?.(done, total);
          };
          await downloadFile(await this.signed(bucket, key), dirname(path), { ...options, signal, name: basename(path), onBytes });
        }
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    };
    await Promise.all(Array.from({ length: atATime }, work));
    if (failure === undefined) return false;
    if (failure.error instanceof AddressError && (failure.error.code === 'address-changed' || failure.error.facts['status'] === 404)) return true;
    throw failure.error;
  }

  /** What is asked of the store as an address that it lets through: signed where there are keys, plain for public buckets. */
  private async signed(bucket: string, key: string, query: Readonly<Record<string, string>> = {}): Promise<URL> {
    const { s3 } = this.config.addresses;
    if (!s3.accessKey || !s3.secretKey) {
      const url = new URL(`${s3.secure ? 'https' : 'http'}://${hostOf(s3)}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url;
    }
    const client = new Client({ endPoint: s3.host, port: s3.port, useSSL: s3.secure, region: s3.region, accessKey: s3.accessKey, secretKey: s3.secretKey, pathStyle: true });
    return new URL(await client.presignedUrl('GET', bucket, key, 24 * 60 * 60, { ...query }));
  }
}

/** Before anything is fetched. @throws AddressError `address-name-too-long` */
function expectNamesFit(path: string, bucket: string, key: string): void {
  const name = path.split('/').find(isTooLong);
  if (name === undefined) return;
  throw new AddressError({
    code: 'address-name-too-long', facts: { bucket, key, longestName },
    message: `expected keys with at most ${longestName} bytes between two slashes, as disks take them; s3://${bucket}/${key} has ${Buffer.byteLength(name)} ("${name.slice(0, 40)}…"). Copy the object to a shorter key, or name a prefix that it does not lie below.`,
  });
}

function hostOf({ host, port, secure }: PlatformConfig['addresses']['s3']): string {
  return port === (secure ? 443 : 80) ? host : `${host}:${port}`;
}
