import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { openPromise } from 'yauzl';
import { DatasetError } from '../dataset-error.js';
import { isAbort, messageOf } from './error-facts.js';
import type { ExpansionLimit } from './expansion-limit.js';

export interface ArchiveEntry {
  /** With `/`, never leading out of the archive. */
  readonly name: string;
  bytes(): AsyncIterable<Uint8Array>;
}

const mostEntries = 100_000;

/**
 * The files of a tar in their order, read as they come: nothing is written to disk.
 *
 * @throws DatasetError `archive-unsafe` for names that lead out of the archive, links and devices; `archive-bomb`; `source-damaged`.
 */
export async function* tarEntries(chunks: AsyncIterable<Uint8Array>, archive: string, limit: ExpansionLimit): AsyncGenerator<ArchiveEntry> {
  const tar = extract();
  const feeding = pipeline(Readable.from(chunks, { objectMode: false }), tar).catch(() => undefined);
  let count = 0;
  try {
    for await (const entry of tar) {
      const { name, type } = entry.header;
      expectFew((count += 1), archive);
      // Extended headers speak of the entry behind them and were taken into account with it.
      if (type === 'file' || type === 'contiguous-file') yield { name: checkName(name, archive), bytes: () => limited(entry as AsyncIterable<Uint8Array>, limit) };
      else if (type !== 'directory') throw unsafe(archive, `${show(name)} is a ${String(type)}`);
      entry.resume();
    }
  } catch (cause) {
    throw damaged(archive, cause);
  } finally {
    tar.destroy();
    await feeding;
  }
}

/** As `tarEntries`, of a zip file. */
export async function* zipEntries(path: string, archive: string, limit: ExpansionLimit): AsyncGenerator<ArchiveEntry> {
  // Sizes are checked by the library: an entry that says less than it holds fails.
  const zip = await openPromise(path, { lazyEntries: true, validateEntrySizes: true, strictFileNames: true, autoClose: false }).catch((cause: unknown) => {
    throw damaged(archive, cause);
  });
  let count = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      expectFew((count += 1), archive);
      const name = checkName(entry.fileName, archive);
      const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
      if (name.endsWith('/')) continue;
      if (kind !== 0 && kind !== 0o100000) throw unsafe(archive, `${show(name)} is ${kind === 0o120000 ? 'a link' : 'no plain file'}`);
      if (entry.isEncrypted()) throw unsafe(archive, `${show(name)} is encrypted`);
      yield { name, bytes: async function* () { yield* limited(await zip.openReadStreamPromise(entry), limit); } };
    }
  } catch (cause) {
    const message = messageOf(cause);
    throw /relative path|absolute path|invalid characters/.test(message) ? unsafe(archive, message) : damaged(archive, cause);
  } finally {
    zip.close();
  }
}

async function* limited(chunks: AsyncIterable<Uint8Array>, limit: ExpansionLimit): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    limit.count(chunk.length);
    yield chunk;
  }
}

function checkName(name: string, archive: string): string {
  const parts = name.split('/');
  if (name === '' || name.includes('\0') || name.includes('\\') || name.startsWith('/') || /^[a-z]:/i.test(name) || parts.includes('..')) throw unsafe(archive, `${show(name)} leads out of it`);
  return parts.filter((part) => part !== '.').join('/');
}

function expectFew(count: number, archive: string): void {
  if (count > mostEntries) throw new DatasetError({ message: `${archive}: expected at most ${mostEntries} entries; got more. Unpack it yourself and push the folder.`, code: 'archive-bomb', facts: { archive } });
}

function unsafe(archive: string, what: string): DatasetError {
  return new DatasetError({ message: `${archive}: expected plain files inside the archive; ${what}. Nothing of it was read on. Pack the files alone.`, code: 'archive-unsafe', facts: { archive, entry: what } });
}

function damaged(archive: string, cause: unknown): unknown {
  if (cause instanceof DatasetError || isAbort(cause)) return cause;
  return new DatasetError({ message: `${archive}: expected a whole archive; got what cannot be read (${messageOf(cause)}). The file may be cut off, or be named wrongly.`, code: 'source-damaged', facts: { archive }, cause });
}

function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
