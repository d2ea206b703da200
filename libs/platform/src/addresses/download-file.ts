import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';
import { AddressError } from './address-error.js';
import { fetchChecked, shown, type FetchOptions } from './fetch-checked.js';

export interface DownloadOptions extends FetchOptions {
  readonly onBytes?: (done: number, total: number | undefined) => void;
  /** The file's name, where it is known. */
  readonly name?: string;
  /** More bytes than this are refused. */
  readonly mostBytes?: number;
  /** Milliseconds before the first retry; doubles with each. */
  readonly retryTime?: number;
}

const attempts = 5;

/**
 * Fetches an address into a folder, under its name, else the one that its path or its answer gives. A connection that breaks is taken up where it broke.
 *
 * @throws AddressError as `fetchChecked`, and `address-changed` where the file became another one between two connections, `address-too-large`, `address-name-too-long`.
 */
export async function downloadFile(address: URL, folder: string, options: DownloadOptions): Promise<string> {
  const { signal, mostBytes = 2 ** 41, retryTime = 500 } = options;
  let path: string | undefined;
  let version: string | undefined;
  let total: number | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const done = path === undefined ? 0 : (await stat(path)).size;
    try {
      const { message, url } = await fetchChecked(address, { ...options, headers: { ...options.headers, ...(done > 0 ? { range: `bytes=${done}-` } : {}) } });
      const goesOn = message.statusCode === 206;
      const length = Number(message.headers['content-length'] ?? NaN);
      const size = Number.isFinite(length) ? (goesOn ? done + length : length) : undefined;
      const came = versionOf(message, size);
      if (version !== undefined && came !== version) {
        message.destroy();
        throw new AddressError({ code: 'address-changed', message: `expected one file at ${shown(address)}; it became another one while it was read. Push it again when it rests.`, facts: { url: shown(address) } });
      }
      version = came;
      total = size;
      const name = options.name ?? nameOf(message, url);
      if (isTooLong(name)) {
        message.destroy();
        throw new AddressError({ code: 'address-name-too-long', message: `expected a file whose name has at most ${longestName} bytes, as disks take them; that of ${shown(address)} has ${Buffer.byteLength(name)}. Give it a shorter name there.`, facts: { url: shown(address), name, longestName } });
      }
      path ??= join(folder, name);
      await pipeline(message, counting(goesOn ? done : 0, mostBytes, total, address, options), createWriteStream(path, { flags: goesOn ? 'a' : 'w' }), { signal });
      const held = (await stat(path)).size;
      if (total === undefined || held === total) return path;
      throw new AddressError({ code: 'address-unreachable', message: `expected ${total} bytes of ${shown(address)}; got ${held}`, facts: { url: shown(address), expected: total, got: held }, retryable: true });
    } catch (error) {
      if (attempt >= attempts || signal.aborted || !mayPass(error)) throw error;
      await sleep(retryTime * 2 ** (attempt - 1), undefined, { signal });
    }
  }
}

/** What tells one state of a file from the next. */
function versionOf({ headers }: IncomingMessage, size: number | undefined): string {
  return [headers.etag ?? '', headers['last-modified'] ?? '', size ?? ''].join(' ');
}

function counting(before: number, mostBytes: number, total: number | undefined, address: URL, { onBytes }: DownloadOptions): Transform {
  let done = before;
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      if (done > mostBytes) {
        next(new AddressError({ code: 'address-too-large', message: `expected at most ${mostBytes} bytes at ${shown(address)}; got more`, facts: { url: shown(address), mostBytes } }));
        return;
      }
      onBytes?.(done, total);
      next(null, chunk);
    },
  });
}

function mayPass(error: unknown): boolean {
  if (error instanceof AddressError) return error.retryable;
  return ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Bytes of a name between two slashes that the usual file systems take. */
export const longestName = 255;

export function isTooLong(name: string): boolean {
  return Buffer.byteLength(name) > longestName;
}

/** Letters and digits of every script stay, for a dataset takes its tags from the names of its files. */
export function plainName(name: string): string {
  return name.replace(/[^\p{L}\p{M}\p{N}_.-]/gu, '_');
}

/** The file's name, by which its format is known: of the path that was asked for in the end, or as the answer says. */
function nameOf({ headers }: IncomingMessage, url: URL): string {
  const given = /filename="?([^";]+)"?/i.exec(headers['content-disposition'] ?? '')?.[1];
  const name = plainName(basename(given ?? decodeURIComponent(url.pathname)));
  return name === '' || name.startsWith('.') ? 'rows.jsonl' : name;
}
