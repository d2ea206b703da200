import type { ArtifactManifest, ArtifactRef } from '@tunesmith/contracts';
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PlatformClient } from '../client/platform-client.js';
import { CommandError } from '../errors.js';
import { homeFolder } from '../installation.js';
import type { Session } from '../session.js';
import { ProgressDisplay } from '../terminal/progress-display.js';

/** Refuses a folder that holds something, before the work whose result would go there begins. */
export function expectEmptyFolder(out: string): string {
  const folder = resolve(out);
  let entries: string[] = [];
  try {
    entries = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw notAFolder(folder, error as Error);
  }
  if (entries.length > 0) {
    throw new CommandError({ message: `--out: expected a new or empty folder; ${folder} holds ${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`, code: 'folder-not-empty', attempts: [`--out ${folder}-2`] });
  }
  return folder;
}

function notAFolder(folder: string, cause: Error): CommandError {
  return new CommandError({ message: `--out: expected a folder at ${folder}; ${cause.message}`, code: 'not-a-folder', cause });
}

/** Copies the files of an artifact into a new or empty folder: the local platform writes them, from a shared one they are downloaded. */
export async function placeArtifact(session: Session, digest: string, folder: string): Promise<void> {
  const platform = await session.platform();
  const display = new ProgressDisplay(session.terminal);
  try {
    display.wait(`copying to ${folder}`);
    if (platform.local) await platform.call('POST /v1/artifacts/{digest}/export', { parameters: { digest }, body: { folder } });
    else await downloadArtifact(platform, digest, folder, display);
  } finally {
    display.stop();
  }
}

/**
 * Where a script finds the files of a result: in `--out`, else, with `--json`, under `exports/` of the home folder, where a
 * second time costs nothing. Null for a person, who gets the digest and copies when the files are wanted.
 */
export async function placeResult(session: Session, artifact: ArtifactRef, out: string | undefined): Promise<string | null> {
  if (out !== undefined) {
    await placeArtifact(session, artifact.digest, out);
    return out;
  }
  if (!session.json) return null;
  const folder = join(homeFolder(session.environment), 'exports', artifact.digest.replace(':', '-'));
  if (existsSync(folder)) return folder;
  // Complete or absent: a copy that broke off must not be taken for the result.
  const partial = `${folder}.${randomUUID()}.part`;
  try {
    await placeArtifact(session, artifact.digest, partial);
    await rename(partial, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

async function downloadArtifact(platform: PlatformClient, digest: string, folder: string, display: ProgressDisplay): Promise<void> {
  const manifest = await platform.call('GET /v1/artifacts/{digest}', { parameters: { digest } });
  const total = manifest.files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  for (const file of manifest.files) {
    const target = resolve(folder, file.path);
    if (!target.startsWith(resolve(folder) + sep)) {
      throw new CommandError({ message: `expected files inside the artifact's folder; the platform names "${file.path}"`, code: 'unsafe-path' });
    }
    await mkdir(dirname(target), { recursive: true });
    const bytes = await platform.download('GET /v1/artifacts/{digest}/files/{path*}', { parameters: { digest, path: file.path } });
    await downloadFile(bytes, file, target, (count) => {
      done += count;
      if (total > 0) display.update('download', { phase: 'download', done, total, unit: 'bytes' });
    });
  }
}

async function downloadFile(bytes: NodeJS.ReadableStream, file: ArtifactManifest['files'][number], target: string, onBytes: (count: number) => void): Promise<void> {
  const hash = createHash('sha256');
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      onBytes(chunk.length);
      next(null, chunk);
    },
  });
  const partial = `${target}.part`;
  await pipeline(bytes, measure, createWriteStream(partial));
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== file.digest) {
    await rm(partial);
    throw new CommandError({ message: `${file.path}: expected bytes with the digest ${file.digest}; got ${digest}`, code: 'digest-mismatch', attempts: ['run the command again'] });
  }
  await rename(partial, target);
}
