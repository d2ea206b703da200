import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../errors.js';
import type { Session } from '../session.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { UnreachableError, type PlatformClient } from './platform-client.js';

const pieceBytes = 8 * 1024 * 1024;
const attempts = 5;

interface LocalFile {
  readonly source: string;
  readonly path: string;
  readonly size: number;
  readonly digest: string;
}

/**
 * Sends a file or folder to a shared platform in pieces; returns the reference `upload:ID`. A piece that got lost is sent
 * again from where the platform's bytes end, and the platform checks the digests at the end.
 */
export async function uploadPath(session: Session, platform: PlatformClient, path: string): Promise<string> {
  return uploadFiles(session, platform, await filesOf(path), path);
}

/** The same for files of one's own choice; `what` names them in errors. */
export async function uploadFiles(session: Session, platform: PlatformClient, sources: readonly Pick<LocalFile, 'source' | 'path'>[], what: string): Promise<string> {
  const display = new ProgressDisplay(session.terminal);
  try {
    const files = await describeFiles(sources, display);
    const total = files.reduce((sum, file) => sum + file.size, 0);
    const { id, reference } = await platform.call('POST /v1/uploads', { body: { files: files.map(({ path, size, digest }) => ({ path, size, digest })) } });
    let before = 0;
    for (const file of files) {
      await sendFile(platform, id, file, (sent) => total > 0 && display.update('upload', { phase: 'upload', done: before + sent, total, unit: 'bytes' }));
      before += file.size;
    }
    const upload = await platform.call('POST /v1/uploads/{id}/complete', { parameters: { id } });
    if (!upload.complete) throw new CommandError({ message: `expected the upload of ${what} to be complete; the platform says that bytes are missing`, code: 'upload-incomplete' });
    return reference;
  } finally {
    display.stop();
  }
}

async function sendFile(platform: PlatformClient, id: string, file: LocalFile, onSent: (bytes: number) => void): Promise<void> {
  let offset = 0;
  let failures = 0;
  while (offset < file.size) {
    try {
      const end = Math.min(offset + pieceBytes, file.size);
      const piece = createReadStream(file.source, { start: offset, end: end - 1 });
      const upload = await platform.send('PATCH /v1/uploads/{id}', { parameters: { id }, query: { file: file.path, offset } }, piece);
      offset = receivedBytes(upload.files, file.path);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (!(error instanceof UnreachableError) || failures >= attempts) throw error;
      await sleep(2 ** failures * 250);
      offset = receivedBytes((await platform.call('GET /v1/uploads/{id}', { parameters: { id } })).files, file.path);
    }
    onSent(offset);
  }
}

function receivedBytes(files: readonly { path: string; received: number }[], path: string): number {
  const file = files.find((each) => each.path === path);
  if (!file) throw new CommandError({ message: `expected the upload to have the file ${path}; the platform does not know it`, code: 'unexpected-answer' });
  return file.received;
}

/** The file, or the files of the folder, with their paths in the upload. */
async function filesOf(path: string): Promise<Pick<LocalFile, 'source' | 'path'>[]> {
  if (!(await stat(path)).isDirectory()) return [{ source: path, path: basename(path) }];
  const sources = await filesBelow(path);
  if (sources.length === 0) throw new CommandError({ message: `expected files in ${path}; the folder is empty`, code: 'folder-empty' });
  return sources.map((source) => ({ source, path: relative(path, source).split(sep).join('/') }));
}

async function describeFiles(sources: readonly Pick<LocalFile, 'source' | 'path'>[], display: ProgressDisplay): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  for (const { source, path } of sources) {
    display.wait(`reading ${basename(source)}`);
    const { size } = await stat(source);
    const digest = `sha256:${await hashFile(source)}`;
    files.push({ source, path, size, digest });
  }
  return files;
}

export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // Links are followed, as a local platform would; hidden folders such as .git and .cache are no part of a model.
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return paths.filter((path) => !relative(folder, path).split(sep).some((part) => part.startsWith('.'))).sort();
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of Readable.from(createReadStream(path))) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
