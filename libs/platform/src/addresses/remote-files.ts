import { Client } from 'minio';
import type { PlatformConfig } from '../config/platform-config.js';
import { AddressError } from './address-error.js';
import { downloadFile, type DownloadOptions } from './download-file.js';

/** What comes from outside by address: `https://…` and `s3://BUCKET/KEY`. */
export class RemoteFiles {
  constructor(private readonly config: PlatformConfig) {}

  /** Whether a path is an address that this class fetches. */
  static isAddress(path: string): boolean {
    return /^(https?|s3):\/\//i.test(path);
  }

  /** Fetches the file into a folder and returns where it lies. @throws AddressError */
  async fetch(address: string, folder: string, options: Pick<DownloadOptions, 'signal' | 'onBytes'>): Promise<string> {
    const { addresses } = this.config;
    if (!URL.canParse(address)) throw new AddressError({ code: 'address-scheme', message: `expected https://HOST/PATH or s3://BUCKET/KEY; got "${address}"`, facts: {} });
    const url = new URL(address);
    if (url.protocol !== 's3:') return downloadFile(url, folder, { ...options, allowed: addresses.allowed });
    return downloadFile(await this.signed(url), folder, { ...options, allowed: addresses.allowed, trusted: addresses.s3.trusted ? [hostOf(addresses.s3)] : [] });
  }

  /** The object as an address that the store lets through: signed where there are keys, plain for public buckets. */
  private async signed({ hostname: bucket, pathname }: URL): Promise<URL> {
    const { s3 } = this.config.addresses;
    const key = decodeURIComponent(pathname.slice(1));
    if (bucket === '' || key === '' || key.endsWith('/')) throw new AddressError({ code: 'address-scheme', message: `expected s3://BUCKET/KEY of one file; got "s3://${bucket}/${key}"`, facts: { bucket, key } });
    if (!s3.accessKey || !s3.secretKey) return new URL(`${s3.secure ? 'https' : 'http'}://${hostOf(s3)}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`);
    const client = new Client({ endPoint: s3.host, port: s3.port, useSSL: s3.secure, region: s3.region, accessKey: s3.accessKey, secretKey: s3.secretKey, pathStyle: true });
    return new URL(await client.presignedGetObject(bucket, key, 24 * 60 * 60));
  }
}

function hostOf({ host, port, secure }: PlatformConfig['addresses']['s3']): string {
  return port === (secure ? 443 : 80) ? host : `${host}:${port}`;
}
