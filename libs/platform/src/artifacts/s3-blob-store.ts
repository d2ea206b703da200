import { Client } from 'minio';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { ArtifactsConfig } from '../config/platform-config.js';
import { codeOf } from '../errors/code-of.js';
import { ArtifactError, artifactMissing } from './artifact-error.js';
import type { BlobStore } from './blob-store.js';
import { hashFile, hashStream } from './hash-file.js';

/** Larger files go up in parts of this size, one part in memory at a time. */
const partSize = 16 << 20;
const writeOnce = { 'if-none-match': '*' };

/**
 * Blobs as objects of an S3 server: `blobs/sha256/HEX`, `manifests/sha256/HEX`. Blobs are keyed by their digest, so that
 * two writers of one key write the same bytes; a manifest is written under the condition that it is not there yet.
 */
export class S3BlobStore implements BlobStore {
  readonly description: string;
  private readonly client: Client;
  private readonly bucket: string;
  private readonly prefix: string;

  constructor(private readonly config: ArtifactsConfig & { kind: 's3' }) {
    const { host, port, secure, region, accessKey, secretKey, bucket, prefix } = config;
    this.client = new Client({ endPoint: host, port, useSSL: secure, region, accessKey, secretKey, pathStyle: true, partSize });
    this.bucket = bucket;
    this.prefix = prefix === '' ? '' : `${prefix}/`;
    this.description = `the bucket ${bucket} at ${host}:${port}`;
  }

  async hasBlob(digest: string): Promise<boolean> {
    return (await this.sizeOf(this.blobKey(digest))) !== undefined;
  }

  async putFile(path: string, signal?: AbortSignal): Promise<{ digest: string; size: number }> {
    const file = await hashFile(path, { signal });
    const key = this.blobKey(file.digest);
    if ((await this.sizeOf(key)) === file.size) return file;
    await this.client.putObject(this.bucket, key, createReadStream(path, { highWaterMark: 1 << 20, signal }), file.size);
    const stored = await this.sizeOf(key);
    if (stored !== file.size || (await stat(path)).size !== file.size) {
      throw new ArtifactError({ code: 'upload-incomplete', retryable: true, message: `Expected ${file.size} bytes of ${path} in ${this.description}; ${stored ?? 0} arrived.` });
    }
    return file;
  }

  async materialize(digest: string, target: string, signal?: AbortSignal): Promise<string> {
    const stream = await this.client.getObject(this.bucket, this.blobKey(digest)).catch((error: unknown) => {
      throw isMissing(error) ? artifactMissing(digest, this.description) : error;
    });
    return (await hashStream(stream, { target, signal })).digest;
  }

  async readBlob(digest: string): Promise<Uint8Array> {
    const bytes = await this.read(this.blobKey(digest));
    if (!bytes) throw artifactMissing(digest, this.description);
    return bytes;
  }

  async putManifest(digest: string, bytes: Uint8Array): Promise<void> {
    await this.writeOnce(this.manifestKey(digest), bytes);
  }

  readManifest(digest: string): Promise<Uint8Array | undefined> {
    return this.read(this.manifestKey(digest));
  }

  /** That the bucket is there (or can be made), that a conditional write refuses the second writer, and that bytes come back as they went. */
  async probe(): Promise<void> {
    try {
      if (!(await this.client.bucketExists(this.bucket))) {
        await this.client.makeBucket(this.bucket, this.config.region).catch((error: unknown) => {
          if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error; // Another service made it at the same time.
        });
      }
      const key = `${this.prefix}probes/${crypto.randomUUID()}`;
      const written = Buffer.from(key);
      const first = await this.writeOnce(key, written);
      const second = await this.writeOnce(key, Buffer.from('overwritten'));
      const read = await this.read(key);
      await this.client.removeObject(this.bucket, key);
      if (!first || second || !read || !written.equals(read)) {
        throw new Error('it overwrites in spite of If-None-Match: *, so two writers could replace each other');
      }
    } catch (error) {
      throw new ArtifactError({
        code: 'object-store-unfit', cause: error,
        message: `Expected a usable S3 store at ${this.description}; got: ${error instanceof Error ? error.message : String(error)}. Check TUNESMITH_ARTIFACTS and the keys.`,
      });
    }
  }

  /** True when it was written, false when it was there. */
  private async writeOnce(key: string, bytes: Uint8Array): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.client.putObject(this.bucket, key, Buffer.from(bytes), bytes.length, writeOnce);
        return true;
      } catch (error) {
        if (codeOf(error) === 'PreconditionFailed') return false;
        // Two conditional writes met; the protocol says to try again.
        if (codeOf(error) !== 'ConditionalRequestConflict' || tries >= 5) throw error;
      }
    }
  }

  private async read(key: string): Promise<Uint8Array | undefined> {
    try {
      return await buffer(await this.client.getObject(this.bucket, key));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  private async sizeOf(key: string): Promise<number | undefined> {
    try {
      return (await this.client.statObject(this.bucket, key)).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  private blobKey(digest: string): string {
    return `${this.prefix}blobs/${digest.replace(':', '/')}`;
  }

  private manifestKey(digest: string): string {
    return `${this.prefix}manifests/${digest.replace(':', '/')}`;
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'NoSuchKey' || codeOf(error) === 'NotFound';
}
