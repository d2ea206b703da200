import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { DatasetError } from '../dataset-error.js';
import { codeOf, messageOf } from './error-facts.js';
import type { ExpansionLimit } from './expansion-limit.js';
import type { Compression } from './file-kind.js';

/** The bytes that were packed. Throws DatasetError `source-damaged` where they cannot be unpacked, `archive-bomb`. */
export async function* unpack(packed: AsyncIterable<Uint8Array>, compression: Compression | undefined, name: string, limit: ExpansionLimit): AsyncGenerator<Uint8Array> {
  if (!compression) {
    yield* packed;
    return;
  }
  const unpacking = compression === 'gzip' ? createGunzip({ chunkSize: 1 << 18 }) : createZstdDecompress({ chunkSize: 1 << 18 });
  try {
    for await (const chunk of through<Uint8Array>(packed, unpacking)) {
      limit.count(chunk.length);
      yield chunk;
    }
  } catch (cause) {
    if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(codeOf(cause))) throw cause;
    throw new DatasetError({ message: `${name}: expected whole ${compression} data; got what cannot be unpacked (${messageOf(cause)}). The file may be cut off, or be named wrongly.`, code: 'source-damaged', facts: { name }, cause });
  }
}

/** What comes out of a stream that these chunks go into. Leaving early closes both. */
export async function* through<Out>(chunks: AsyncIterable<Uint8Array>, stream: Duplex): AsyncGenerator<Out> {
  // What goes wrong on the way in comes out below: the pipeline destroys the stream with it.
  const feeding = pipeline(Readable.from(chunks, { objectMode: false }), stream).catch(() => undefined);
  try {
    for await (const chunk of stream) yield chunk as Out;
  } finally {
    stream.destroy();
    await feeding;
  }
}
