import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'minio';
import type { PlatformConfig } from '../config/platform-config.js';
import { AddressError } from './address-error.js';
import { downloadFile, type DownloadOptions } from './download-file.js';
import { listObjects, type ListedObject } from './object-listing.js';

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
    const url = new URL(address);
    if (url.protocol !== 's3:') return downloadFile(url, folder, { ...options, allowed });
    const key = decodeURIComponent(url.pathname.slice(1));
    if (url.hostname === '') throw new AddressError({ code: 'address-scheme', message: `expected s3://BUCKET/KEY of a file, or s3://BUCKET/PREFIX/ of a folder; got "${address}"`, facts: { key } });
    const fetching = { ...options, allowed, trusted: s3.trusted ? [hostOf(s3)] : [] };
    return key === '' || key.endsWith('/') ? this.fetchPrefix(url.hostname, key, folder, fetching) : downloadFile(await this.signed(url.hostname, key), folder, fetching);
  }

  /** The names of the files stay, because a dataset takes tags and splits from them; they may lie in folders of their own. */
  private async fetchPrefix(bucket: string, prefix: string, folder: string, options: DownloadOptions): Promise<string> {
    const list = (): Promise<ListedObject[]> => listObjects(prefix, (query) => this.signed(bucket, '', query), options);
    const objects = await list();
    if (objects.length === 0) throw new AddressError({ code: 'address-empty', message: `expected files below s3://${bucket}/${prefix}; there are none. List the bucket, and mind that a prefix ends in a slash and a file does not.`, facts: { bucket, prefix } });
    const total = objects.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    for (const [place, { key, size }] of objects.entries()) {
      // A folder of its own for each, so that no two names are one, and no name leads out.
      const own = join(folder, String(place).padStart(5, '0'));
      await mkdir(own);
      const before = done;
      await downloadFile(await this.signed(bucket, key), own, { ...options, onBytes: (bytes) => options.onBytes?.(before + bytes, total) });
      done += size;
    }
    const after = new Map((await list()).map(({ key, version }) => [key, version]));
    const changed = [...objects.filter(({ key, version }) => after.get(key) !== version).map(({ key }) => key), ...[...after.keys()].filter((key) => !objects.some((each) => each.key === key))];
    if (changed.length > 0) throw new AddressError({ code: 'address-changed', message: `expected s3://${bucket}/${prefix} to stay as it is while it is read; ${changed.slice(0, 5).join(', ')} changed meanwhile. Push it again when it rests.`, facts: { bucket, prefix, changed: changed.slice(0, 100) } });
    return folder;
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

function hostOf({ host, port, secure }: PlatformConfig['addresses']['s3']): string {
  return port === (secure ? 443 : 80) ? host : `${host}:${port}`;
}
