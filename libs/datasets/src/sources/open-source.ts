import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DatasetError } from '../dataset-error.js';
import { reportFile, rowsFile } from '../dataset-files.js';
import { tarEntries, zipEntries } from './archive-entries.js';
import { codeOf } from './error-facts.js';
import { ExpansionLimit } from './expansion-limit.js';
import { archiveKind, fileKind, readableEndings, type ArchiveKind, type Compression } from './file-kind.js';
import type { OpenSourceOptions, Source, SourceFile } from './source-file.js';
import { unpack } from './unpack.js';

/**
 * Opens a file, a folder of files or an archive of them for import. In a folder and in an archive only files whose names end like files of rows are
 * read; the others are named. A file that stands alone and ends like none of them is read as JSON lines or a JSON array.
 *
 * @throws DatasetError `dataset-not-a-file`, `dataset-empty` for a folder without such files.
 */
export async function openSource(path: string, options: OpenSourceOptions): Promise<Source> {
  const found = await stat(path).catch((cause: unknown) => {
    throw notReadable(path, 'it cannot be opened', cause);
  });
  if (found.isDirectory()) return FolderSource.open(path, options);
  if (!found.isFile()) throw notReadable(path, 'got a device or the like');
  const files = await stamped([path]);
  const archive = archiveKind(path);
  return archive ? new ArchiveSource(path, files, archive, options) : new FileSource(path, files, options);
}

/** What tells that a file is what it was. */
interface Stamped {
  readonly path: string;
  readonly size: number;
  readonly stamp: string;
}

class FileSource implements Source {
  readonly kind = 'file';
  readonly otherFiles: readonly string[] = [];
  private readonly reader: CountingReader;

  constructor(private readonly path: string, private readonly stamps: readonly Stamped[], options: OpenSourceOptions) {
    this.reader = new CountingReader(stamps, options);
  }

  async *files(): AsyncGenerator<SourceFile> {
    yield { name: basename(this.path), path: this.path, size: this.stamps[0]!.size, bytes: () => this.reader.read(this.path) };
  }

  expectUnchanged(): Promise<void> {
    return expectSame(this.path, this.stamps, [this.path]);
  }
}

class FolderSource implements Source {
  readonly kind = 'folder';
  private readonly reader: CountingReader;

  private constructor(private readonly folder: string, private readonly stamps: readonly Stamped[], readonly otherFiles: readonly string[], options: OpenSourceOptions) {
    this.reader = new CountingReader(stamps, options);
  }

  static async open(folder: string, options: OpenSourceOptions): Promise<FolderSource> {
    const { rows, others } = await filesBelow(folder);
    if (rows.length === 0) {
      throw new DatasetError({ message: `${folder}: expected files that end in ${readableEndings}; the folder has ${others.slice(0, 10).join(', ') || 'no files'}`, code: 'dataset-empty', facts: { path: folder, files: others.slice(0, 100) } });
    }
    return new FolderSource(folder, await stamped(rows.map((name) => join(folder, name))), others, options);
  }

  async *files(): AsyncGenerator<SourceFile> {
    for (const { path, size } of this.stamps) yield { name: nameBelow(this.folder, path), path, size, bytes: () => this.reader.read(path) };
  }

  async expectUnchanged(): Promise<void> {
    const { rows } = await filesBelow(this.folder);
    return expectSame(this.folder, this.stamps, rows.map((name) => join(this.folder, name)));
  }
}

class ArchiveSource implements Source {
  readonly kind = 'archive';
  readonly otherFiles: string[] = [];

  constructor(private readonly path: string, private readonly stamps: readonly Stamped[], private readonly how: { readonly archive: ArchiveKind; readonly compression?: Compression }, private readonly options: OpenSourceOptions) {}

  async *files(): AsyncGenerator<SourceFile> {
    const { path, how } = this;
    const name = basename(path);
    const limit = new ExpansionLimit(this.stamps[0]!.size, name);
    const reader = new CountingReader(this.stamps, this.options);
    const entries = how.archive === 'zip' ? zipEntries(path, name, limit) : tarEntries(unpack(reader.read(path), how.compression, name, limit), name, limit);
    let found = false;
    for await (const entry of entries) {
      this.options.signal.throwIfAborted();
      if (isHidden(entry.name) || !fileKind(entry.name)) this.otherFiles.push(entry.name);
      else {
        found = true;
        yield entry;
      }
    }
    if (!found) throw new DatasetError({ message: `${path}: expected files that end in ${readableEndings}; the archive has ${this.otherFiles.slice(0, 10).join(', ') || 'no files'}`, code: 'dataset-empty', facts: { path, files: this.otherFiles.slice(0, 100) } });
  }

  expectUnchanged(): Promise<void> {
    return expectSame(this.path, this.stamps, [this.path]);
  }
}

/** Reads files and says how far it is with all of them. */
class CountingReader {
  private done = 0;
  private readonly total: number;

  constructor(files: readonly Stamped[], private readonly options: OpenSourceOptions) {
    this.total = files.reduce((sum, { size }) => sum + size, 0);
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal: this.options.signal })) {
        this.done += (chunk as Uint8Array).length;
        this.options.onBytes?.(this.done, this.total);
        yield chunk as Uint8Array;
      }
    } catch (cause) {
      throw codeOf(cause) === 'ENOENT' ? changed(path, [path], cause) : cause;
    }
  }
}

/** Names of files below a folder, sorted. Of a dataset folder of our own the rows alone count. */
async function filesBelow(folder: string): Promise<{ rows: string[]; others: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => nameBelow(folder, join(entry.parentPath, entry.name))).sort();
  const own = names.includes(rowsFile) && names.includes(reportFile);
  const rows = names.filter((name) => !isHidden(name) && fileKind(name) && !(own && name === reportFile));
  return { rows, others: names.filter((name) => !rows.includes(name)) };
}

/** .git, .cache and the like. */
function isHidden(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.'));
}

function nameBelow(folder: string, path: string): string {
  return path.slice(join(folder, '/').length).replaceAll('\\', '/');
}

async function stamped(paths: readonly string[]): Promise<Stamped[]> {
  return Promise.all(
    paths.map(async (path) => {
      const { size, mtimeNs, ino, dev } = await stat(path, { bigint: true });
      return { path, size: Number(size), stamp: [size, mtimeNs, ino, dev].join(' ') };
    }),
  );
}

async function expectSame(source: string, before: readonly Stamped[], paths: readonly string[]): Promise<void> {
  const after = await stamped(paths).catch(() => []);
  const differing = [...before.filter(({ path, stamp }) => !after.some((each) => each.path === path && each.stamp === stamp)), ...after.filter(({ path }) => !before.some((each) => each.path === path))];
  if (differing.length > 0) throw changed(source, [...new Set(differing.map(({ path }) => path))]);
}

function changed(source: string, files: readonly string[], cause?: unknown): DatasetError {
  return new DatasetError({
    message: `${source}: changed while it was read (${files.slice(0, 5).map((path) => basename(path)).join(', ')}): what was read may be half of one state and half of another. Push it again when nothing writes to it any more.`,
    code: 'dataset-changed',
    facts: { path: source, files: files.slice(0, 100) },
    cause,
  });
}

function notReadable(path: string, reason: string, cause?: unknown): DatasetError {
  return new DatasetError({ message: `${path}: expected a file of rows (${readableEndings}) or a folder of such files; ${reason}`, code: 'dataset-not-a-file', facts: { path }, cause });
}
