import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileWriteError } from '@tunesmith/checkpoints';
import { ImportModelError } from './import-model-error.js';

/** A file of a repository as the hub lists it. Large files carry a SHA-256, small ones git's digest (SHA-1 over a header and the bytes). */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  readonly digest: { readonly kind: 'sha256' | 'git'; readonly value: string };
}

const attempts = 6;

/** Requests to the hub, with retries where trying again can help. */
export class HubClient {
  private readonly endpoint: string;

  constructor(
    endpoint: string,
    private readonly token: string | undefined,
    private readonly retryDelay: number,
    readonly signal: AbortSignal,
  ) {
    this.endpoint = endpoint.replace(/\/+$/, '');
  }

  /** The commit that a revision stands for, and its files. */
  async list(repository: string, revision: string): Promise<{ commit: string; files: HubFile[] }> {
    const about = await this.json(`${this.endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`, repository);
    const commit = isObject(about.body) ? about.body.sha : undefined;
    if (typeof commit !== 'string' || !/^[0-9a-f]{40,64}$/.test(commit)) throw this.badAnswer(repository, 'no commit');
    const files: HubFile[] = [];
    let next: string | undefined = `${this.endpoint}/api/models/${repository}/tree/${commit}?recursive=true`;
    for (let page = 0; next !== undefined; page += 1) {
      if (page > 1000) throw this.badAnswer(repository, 'a list without end');
      const answer: { body: unknown; next?: string } = await this.json(next, repository);
      if (!Array.isArray(answer.body)) throw this.badAnswer(repository, 'no list of files');
      for (const item of answer.body) {
        const file = hubFile(item);
        if (file) files.push(file);
      }
      next = answer.next;
    }
    return { commit, files };
  }

  /** The bytes of a file from `offset` on. */
  async file(repository: string, commit: string, path: string, offset: number): Promise<Response> {
    const url = `${this.endpoint}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
    return this.request(url, repository, offset > 0 ? { Range: `bytes=${offset}-` } : {});
  }

  /** Runs `work` again after failures that may pass, waiting longer each time. */
  async retry<Result>(work: (attempt: number) => Promise<Result>): Promise<Result> {
    for (let attempt = 0; ; attempt += 1) {
      this.signal.throwIfAborted();
      try {
        return await work(attempt);
      } catch (error) {
        this.signal.throwIfAborted();
        if (attempt + 1 >= attempts || !(error instanceof ImportModelError) || error.facts.passing !== true) throw error;
      }
      await sleep(this.retryDelay * 2 ** attempt, undefined, { signal: this.signal });
    }
  }

  private async json(url: string, repository: string): Promise<{ body: unknown; next?: string }> {
    return this.retry(async () => {
      const response = await this.request(url, repository, {});
      let body: unknown;
      try {
        body = await response.json();
      } catch (cause) {
        throw this.badAnswer(repository, 'no JSON', cause);
      }
      const link = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      return link === undefined ? { body } : { body, next: this.ownAddress(link, repository) };
    });
  }

  private async request(url: string, repository: string, headers: Record<string, string>): Promise<Response> {
    let response: Response;
    try {
      // fetch drops the token when a redirect leaves the hub's host.
      response = await fetch(url, { headers: { ...headers, ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}) }, signal: this.signal });
    } catch (cause) {
      throw new ImportModelError({
        code: 'hub-unreachable',
        message: `The hub at ${this.endpoint} cannot be reached. Check the connection, or set HF_ENDPOINT to a mirror.`,
        facts: { endpoint: this.endpoint, passing: true },
        cause,
      });
    }
    if (response.ok) return response;
    await response.body?.cancel();
    const { status } = response;
    if (status === 401 || status === 403 || status === 404) {
      throw new ImportModelError({
        code: status === 404 ? 'hub-not-found' : 'hub-access-denied',
        message:
          status === 404
            ? `The hub has no ${repository}, or not this revision or file.`
            : `The hub refuses access to ${repository}. ${this.token ? 'Accept its terms on its page, or check the token in HF_TOKEN.' : 'It may be private, gated, or misspelled; set HF_TOKEN to a token that may read it.'}`,
        facts: { repository, status },
      });
    }
    throw new ImportModelError({ code: 'hub-failed', message: `The hub answered with status ${status}.`, facts: { repository, status, passing: status === 429 || status >= 500 } });
  }

  private badAnswer(repository: string, what: string, cause?: unknown): ImportModelError {
    return new ImportModelError({ code: 'hub-bad-answer', message: `${this.endpoint} answers with ${what} for ${repository}; is HF_ENDPOINT right?`, facts: { repository, endpoint: this.endpoint }, cause });
  }

  /** A next page must be at the hub itself: the token goes with it. */
  private ownAddress(link: string, repository: string): string {
    const address = new URL(link, this.endpoint);
    if (address.origin !== new URL(this.endpoint).origin) throw this.badAnswer(repository, 'a page elsewhere');
    return address.href;
  }
}

/** Fetches a file to `partial`, going on from what lies there, and checks its digest. A wrong digest removes it. */
export async function fetchHubFile(client: HubClient, repository: string, commit: string, file: HubFile, partial: string, onBytes: (done: number) => void): Promise<void> {
  await client.retry(async () => {
    let offset = (await stat(partial).catch(() => undefined))?.size ?? 0;
    if (offset > file.size) {
      await rm(partial);
      offset = 0;
    }
    if (offset < file.size || file.size === 0) await append(client, repository, commit, file, partial, offset, onBytes);
    const value = await digestOf(partial, file);
    if (value === file.digest.value) return;
    await rm(partial, { force: true });
    throw new ImportModelError({
      code: 'hub-digest-mismatch',
      message: `${file.path} of ${repository} arrived damaged: its digest is ${value}, the hub lists ${file.digest.value}.`,
      facts: { path: file.path, expected: file.digest.value, got: value, passing: true },
    });
  });
}

async function append(client: HubClient, repository: string, commit: string, file: HubFile, partial: string, offset: number, onBytes: (done: number) => void): Promise<void> {
  const response = await client.file(repository, commit, file.path, offset);
  // A server that ignores the range sends everything again.
  const start = response.status === 206 ? offset : 0;
  const handle = await open(partial, start === 0 ? 'w' : 'r+');
  let done = start;
  try {
    for await (const chunk of chunksOf(response, file)) {
      if (done + chunk.byteLength > file.size) throw brokenTransfer(file, done + chunk.byteLength);
      try {
        await handle.write(chunk, 0, chunk.byteLength, done);
      } catch (cause) {
        throw new FileWriteError({ code: isFull(cause) ? 'disk-full' : 'file-write-failed', message: `Cannot write ${partial}${isFull(cause) ? ': no space is left. Free space and try again; the download goes on from here' : ''}.`, facts: { path: partial }, cause });
      }
      done += chunk.byteLength;
      onBytes(done);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (done !== file.size) throw brokenTransfer(file, done);
}

async function* chunksOf(response: Response, file: HubFile): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  try {
    for await (const chunk of response.body) yield chunk;
  } catch (cause) {
    throw brokenTransfer(file, undefined, cause);
  }
}

function brokenTransfer(file: HubFile, got: number | undefined, cause?: unknown): ImportModelError {
  return new ImportModelError({
    code: 'hub-transfer-broken',
    message: `The transfer of ${file.path} broke off${got === undefined ? '' : ` at ${got} of ${file.size} bytes`}. What arrived is kept: try again to go on from there.`,
    facts: { path: file.path, size: file.size, got, passing: true },
    cause,
  });
}

async function digestOf(path: string, { size, digest }: HubFile): Promise<string> {
  const hash: Hash = digest.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

function hubFile(item: unknown): HubFile | undefined {
  if (!isObject(item) || item.type !== 'file' || typeof item.path !== 'string' || typeof item.size !== 'number') return undefined;
  if (!/^[\w.-]+(?:\/[\w.-]+)*$/.test(item.path) || item.path.split('/').some((part) => part === '..' || part === '.')) return undefined;
  const large = isObject(item.lfs) && typeof item.lfs.oid === 'string' ? item.lfs.oid.replace(/^sha256:/, '') : undefined;
  if (large !== undefined) return { path: item.path, size: item.size, digest: { kind: 'sha256', value: large } };
  return typeof item.oid === 'string' ? { path: item.path, size: item.size, digest: { kind: 'git', value: item.oid } } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFull(cause: unknown): boolean {
  return isObject(cause) && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
}
