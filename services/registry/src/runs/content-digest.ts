import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import type { Digest } from '@tunesmith/contracts';
import { stampOf } from '../models/file-stamps.js';

/**
 * Digests of files and folders outside, so that importing the same bytes again costs nothing. A file that has not changed by size, times
 * and inode since it was last read is not read again.
 */
@Injectable()
export class ContentDigests {
  private readonly known = new Map<string, { stamp: string; digest: Digest }>();

  /** Of a file its bytes, of a folder its files by path. Follows links: what an import reads is what counts. */
  async of(path: string): Promise<Digest> {
    return digestOf(path, (file, stamp) => this.fileDigest(file, stamp));
  }

  /** Whether nothing has touched the path since it was read and had this digest. Reads no bytes. */
  async stillIs(path: string, digest: Digest): Promise<boolean> {
    const known = async (file: string, stamp: string): Promise<Digest> => {
      const last = this.known.get(file);
      if (last?.stamp !== stamp) throw new Error('changed');
      return last.digest;
    };
    return digestOf(path, known).then((current) => current === digest, () => false);
  }

  private async fileDigest(path: string, stamp: string): Promise<Digest> {
    const known = this.known.get(path);
    if (known?.stamp === stamp) return known.digest;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    const digest = `sha256:${hash.digest('hex')}`;
    // Written while it was read: the digest is of bytes that never stood there together, so it must not be remembered.
    if ((await statOf(path)).stamp === stamp) this.known.set(path, { stamp, digest });
    return digest;
  }
}

async function digestOf(path: string, ofFile: (file: string, stamp: string) => Promise<Digest>): Promise<Digest> {
  const { isDirectory, stamp } = await statOf(path);
  if (!isDirectory) return ofFile(path, stamp);
  const hash = createHash('sha256');
  for (const name of (await readdir(path)).sort()) hash.update(`${JSON.stringify(name)} ${await digestOf(join(path, name), ofFile)}\n`);
  return `sha256:${hash.digest('hex')}`;
}

async function statOf(path: string): Promise<{ isDirectory: boolean; stamp: string }> {
  const stats = await stat(path, { bigint: true });
  // With the time of the last change of any kind: over hours a writer may have set the other one back.
  return { isDirectory: stats.isDirectory(), stamp: `${stampOf(stats)} ${stats.ctimeNs}` };
}
