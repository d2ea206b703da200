import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { homedir } from 'node:os';
import { CommandError, UsageError } from '../errors.js';
import type { Session } from '../session.js';

const fileEndings = /\.(gguf|safetensors|(jsonl|ndjson|json|csv|parquet)(\.gz|\.zst)?|tar(\.gz|\.zst)?|tgz|zip)$/i;

/** What it was quantized to, behind a name: it has a slash that makes no path of it. */
const format = /#(?:gguf|onnx|hf)\/[\w-]+(?:#\w+)?$/;

/**
 * Whether a text means files rather than something registered: it has a slash, starts with a dot or ~, or ends like a
 * model or dataset file. A folder of this directory is written `./NAME`.
 */
export function isPath(text: string): boolean {
  const name = text.replace(format, '');
  if (/^(sha256|hf):/.test(name)) return false;
  return /[/\\]/.test(name) || /^[.~]/.test(name) || fileEndings.test(name);
}

/**
 * What the platform understands: a registered reference as it is, a path as an absolute path (local platform), or as an upload
 * (shared platform). Paths are from `folder`, this directory where there is none.
 */
export async function resolveReference(session: Session, text: string, what: string, folder = ''): Promise<string> {
  if (text === '') throw new UsageError(`${what}: expected a name, name@alias, name:version, sha256:… or a path; got nothing`);
  return isPath(text) ? providePath(session, text, what, folder) : text;
}

/** A model, and the adapter beside it where one was given. */
export async function resolveModel(session: Session, model: string, adapter: string | undefined): Promise<{ readonly model: string; readonly adapter?: string }> {
  const reference = await resolveReference(session, model, 'MODEL');
  return adapter === undefined ? { model: reference } : { model: reference, adapter: await resolveReference(session, adapter, '--adapter') };
}

/** A path that the platform can read. */
export async function providePath(session: Session, text: string, what: string, folder = ''): Promise<string> {
  if (/^(hf:|https?:\/\/|s3:\/\/)/i.test(text)) return text;
  const path = resolve(folder, text.replace(/^~(?=\/|$)/, homedir()));
  if (!existsSync(path)) {
    throw new CommandError({ message: `${what}: expected a file or folder at ${path}; there is none`, code: 'path-missing', attempts: [`ls ${resolve(path, '..')}`], facts: { path } });
  }
  const platform = await session.platform();
  if (platform.local) return path;
  const { uploadPath } = await import('../client/upload-path.js');
  return uploadPath(session, platform, path);
}
