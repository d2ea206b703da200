import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const chunk = { highWaterMark: 1 << 20 };

/** Digest and size of a file; with `target`, of what is copied there in the same pass. */
export async function hashFile(path: string, { target, signal }: { target?: string; signal?: AbortSignal | undefined } = {}): Promise<{ digest: string; size: number }> {
  return hashStream(createReadStream(path, chunk), { target, signal });
}

/** Digest and size of all that a stream brings; with `target`, written there as it comes. */
export async function hashStream(source: NodeJS.ReadableStream, { target, signal }: { target?: string | undefined; signal?: AbortSignal | undefined } = {}): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    ...chunk,
    transform(bytes: Buffer, _encoding, callback) {
      hash.update(bytes);
      size += bytes.length;
      callback(null, bytes);
    },
  });
  const sink = target === undefined ? new Writable({ ...chunk, write: (_bytes, _encoding, callback) => callback() }) : createWriteStream(target, { flags: 'wx', ...chunk });
  await pipeline(source, measure, sink, { signal });
  return { digest: `sha256:${hash.digest('hex')}`, size };
}
