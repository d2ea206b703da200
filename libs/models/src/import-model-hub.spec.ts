import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile, mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tunesmith/tests-support';
import { downloadHubModel, hubReference } from './import-model-hub.js';
import { importModel } from './import-model.js';

const commit = 'c0ffee'.padEnd(40, '0');

/** A server that answers like the hub: lists, digests, redirects to another host for large files, ranges, and faults on request. */
class SmallHub {
  readonly requests: { path: string; range: string | undefined; authorization: string | undefined; host: string }[] = [];
  files = new Map<string, Buffer>();
  /** Called before a file is sent; returning true means that it has answered. */
  interfere: (path: string, response: ServerResponse, bytes: Buffer, start: number) => boolean = () => false;
  listing: (files: object[]) => object[] = (files) => files;
  pageSize = 2;
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise<void>((done) => this.server!.listen(0, '127.0.0.1', done));
    return this.address('127.0.0.1');
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((done) => this.server?.close(done));
  }

  private address(host: string): string {
    const address = this.server?.address();
    if (typeof address !== 'object' || !address) throw new Error('the server does not listen');
    return `http://${host}:${address.port}`;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.address('127.0.0.1'));
    const { range, authorization, host = '' } = request.headers;
    this.requests.push({ path: url.pathname, range, authorization, host });
    const json = (body: unknown, headers = {}) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (url.pathname === '/api/models/org/tiny/revision/main') return void json({ sha: commit });
    if (url.pathname === '/api/models/org/private/revision/main') return void response.writeHead(authorization === 'Bearer secret' ? 404 : 401).end();
    if (url.pathname === `/api/models/org/tiny/tree/${commit}`) {
      const all = this.listing([...this.files].map(([path, bytes]) => this.listed(path, bytes)));
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const link = from + this.pageSize < all.length ? { link: `<${url.origin}${url.pathname}?recursive=true&cursor=${from + this.pageSize}>; rel="next"` } : {};
      return void json(all.slice(from, from + this.pageSize), link);
    }
    const match = /^\/(org\/tiny\/resolve\/[0-9a-f]+|large)\/(.+)$/.exec(url.pathname);
    const bytes = match?.[2] === undefined ? undefined : this.files.get(decodeURIComponent(match[2]));
    if (!match?.[2] || !bytes) return void response.writeHead(404).end();
    // Large files come from a host of their own, as on the hub.
    if (match[1] !== 'large' && isLarge(match[2])) return void response.writeHead(302, { location: `${this.address('localhost')}/large/${match[2]}` }).end();
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (this.interfere(match[2], response, bytes, start)) return;
    const headers = { 'content-length': bytes.length - start };
    response.writeHead(range ? 206 : 200, range ? { ...headers, 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : headers).end(bytes.subarray(start));
  }

  private listed(path: string, bytes: Buffer): object {
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    const lfs = { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    return { type: 'file', path, size: bytes.length, oid, ...(isLarge(path) ? { lfs } : {}) };
  }
}

const isLarge = (path: string) => /\.(?:safetensors|gguf)$/.test(path);

let hub: SmallHub;
let folder: string;
let environment: Record<string, string>;
let progress: number[];
const context = { signal: new AbortController().signal, onProgress: ({ done }: { done: number }) => void progress.push(done) };
const reference = { repository: 'org/tiny', revision: 'main' };
const download = (signal?: AbortSignal) => downloadHubModel(reference, signal ? { ...context, signal } : context, { environment, cacheFolder: join(folder, 'cache'), retryDelay: 1 });

beforeEach(async () => {
  hub = new SmallHub();
  folder = await mkdtemp(join(tmpdir(), 'tunesmith-spec-'));
  environment = { HF_ENDPOINT: await hub.start() };
  progress = [];
  hub.files = new Map([
    ['config.json', Buffer.from('{"a":1}')],
    ['model.safetensors', Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) & 255))],
    ['tokenizer.json', Buffer.from('{}')],
    ['README.md', Buffer.from('words')],
    ['evil.py', Buffer.from('code')],
    ['empty.txt', Buffer.alloc(0)],
  ]);
});
afterEach(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

const attemptsFor = (path: string) => hub.requests.filter((request) => request.path === `/large/${path}`);

describe('downloadHubModel', () => {
  it('fetches what belongs to a model, checked, and removes it afterwards', async () => {
    const result = await download();
    expect((await readdir(result.path)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(Buffer.compare(await readFile(join(result.path, 'model.safetensors')), hub.files.get('model.safetensors')!)).toBe(0);
    expect(progress.at(-1)).toBe(100_009);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    await result[Symbol.asyncDispose]();
    await expect(readdir(result.path)).rejects.toThrow();
  });

  it('sends the token to the hub and not to the host of the large files', async () => {
    environment.HF_TOKEN = 'secret';
    await download();
    expect(hub.requests.filter(({ host }) => host.startsWith('127.0.0.1')).every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
    expect(attemptsFor('model.safetensors')[0]?.authorization).toBeUndefined();
  });

  it('goes on where a connection was dropped', async () => {
    let drops = 2;
    hub.interfere = (path, response, bytes, start) => {
      if (!isLarge(path) || drops === 0) return false;
      drops -= 1;
      response.writeHead(start ? 206 : 200, { 'content-length': bytes.length - start });
      response.write(bytes.subarray(start, start + 30_000), () => setTimeout(() => response.destroy(), 30));
      return true;
    };
    const { path } = await download();
    expect(Buffer.compare(await readFile(join(path, 'model.safetensors')), hub.files.get('model.safetensors')!)).toBe(0);
    const ranges = attemptsFor('model.safetensors').map(({ range }) => range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).some((range) => range !== undefined && range !== 'bytes=0-')).toBe(true);
  });

  it('goes on from what an earlier attempt left', async () => {
    const bytes = hub.files.get('model.safetensors')!;
    const place = join(folder, 'cache/org--tiny', commit);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'model.safetensors.partial'), bytes.subarray(0, 60_000));
    const { path } = await download();
    expect(attemptsFor('model.safetensors').map(({ range }) => range)).toEqual(['bytes=60000-']);
    expect(Buffer.compare(await readFile(join(path, 'model.safetensors')), bytes)).toBe(0);
  });

  it('begins again where what was left is damaged, or the server ignores ranges', async () => {
    const place = join(folder, 'cache/org--tiny', commit);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'model.safetensors.partial'), Buffer.alloc(60_000));
    const { path } = await download();
    expect(attemptsFor('model.safetensors').map(({ range }) => range)).toEqual(['bytes=60000-', undefined]);
    expect((await readdir(path)).filter((name) => name.endsWith('.partial'))).toEqual([]);

    await rm(join(path, 'model.safetensors'));
    await writeFile(join(place, 'model.safetensors.partial'), Buffer.alloc(10));
    hub.interfere = (_, response, bytes) => Boolean(response.writeHead(200, { 'content-length': bytes.length }).end(bytes));
    await download();
    expect(Buffer.compare(await readFile(join(path, 'model.safetensors')), hub.files.get('model.safetensors')!)).toBe(0);
  });

  it('does not fetch again what is there', async () => {
    await download();
    const before = hub.requests.length;
    await download();
    expect(hub.requests.slice(before).every(({ path }) => path.startsWith('/api/'))).toBe(true);
  });

  it('waits out answers of an overloaded server', async () => {
    let refusals = 2;
    hub.interfere = (_, response) => (refusals-- > 0 ? Boolean(response.writeHead(503).end()) : false);
    await expect(download()).resolves.toBeDefined();
  });

  it.each<[string, (path: string, response: ServerResponse, bytes: Buffer) => boolean, string]>([
    ['other bytes than listed', (path, response, bytes) => isLarge(path) && Boolean(response.writeHead(200).end(Buffer.alloc(bytes.length))), 'hub-digest-mismatch'],
    ['more bytes than listed', (path, response, bytes) => isLarge(path) && Boolean(response.writeHead(200).end(Buffer.concat([bytes, bytes]))), 'hub-transfer-broken'],
    ['fewer bytes than listed', (path, response, bytes) => isLarge(path) && Boolean(response.writeHead(200).end(bytes.subarray(0, 5))), 'hub-transfer-broken'],
    ['failures without end', (_, response) => Boolean(response.writeHead(500).end()), 'hub-failed'],
    ['a missing file', (_, response) => Boolean(response.writeHead(404).end()), 'hub-not-found'],
  ])('gives up on %s', async (_, interfere, code) => {
    hub.interfere = interfere;
    await expect(download()).rejects.toMatchObject({ name: 'ImportModelError', code });
  });

  it('says what to do about access, absence and lists that are no lists', async () => {
    const fetchOf = (repository: string, env = environment) => downloadHubModel({ repository, revision: 'main' }, context, { environment: env, cacheFolder: folder, retryDelay: 1 });
    await expect(fetchOf('org/private')).rejects.toMatchObject({ code: 'hub-access-denied', message: expect.stringContaining('HF_TOKEN') });
    await expect(fetchOf('org/private', { ...environment, HF_TOKEN: 'secret' })).rejects.toMatchObject({ code: 'hub-not-found' });
    await expect(fetchOf('org/none')).rejects.toMatchObject({ code: 'hub-not-found' });
    await expect(fetchOf('org/tiny', { HF_ENDPOINT: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'hub-unreachable', message: expect.stringContaining('HF_ENDPOINT') });
  });

  it('passes over paths that leave the folder', async () => {
    hub.listing = (files) => [{ type: 'file', path: '../../config.json', size: 1, oid: 'x' }, { type: 'file', path: '/etc/config.json', size: 1, oid: 'x' }, { type: 'directory', path: 'onnx' }, ...files];
    const { path } = await download();
    expect((await readdir(path)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  });

  it('respects HF_HUB_OFFLINE without a request', async () => {
    environment.HF_HUB_OFFLINE = '1';
    await expect(download()).rejects.toMatchObject({ code: 'hub-offline', message: expect.stringContaining('HF_HUB_OFFLINE') });
    expect(hub.requests).toEqual([]);
  });

  it('stops when it is aborted and keeps what arrived', async () => {
    const controller = new AbortController();
    hub.interfere = (path, response, bytes) => {
      if (!isLarge(path)) return false;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 30_000));
      return true;
    };
    const partial = join(folder, 'cache/org--tiny', commit, 'model.safetensors.partial');
    const stopped = download(controller.signal);
    stopped.catch(() => undefined);
    await eventually('bytes on the disk', async () => (await stat(partial)).size > 0);
    controller.abort(new Error('no longer wanted'));
    await expect(stopped).rejects.toThrow('no longer wanted');
    expect((await stat(partial)).size).toBeGreaterThan(0);
  });

  describe('of GGUF repositories', () => {
    const only = (...paths: string[]) => (hub.files = new Map(paths.map((path) => [path, Buffer.from(path)])));

    it('takes the only file, with its parts', async () => {
      only('README.md', 'm.gguf');
      expect((await download()).path).toMatch(/\/m\.gguf$/);
      only('m-00001-of-00002.gguf', 'm-00002-of-00002.gguf');
      const { path } = await download();
      expect(path).toMatch(/\/m-00001-of-00002\.gguf$/);
      expect(await readdir(join(path, '..'))).toContain('m-00002-of-00002.gguf');
    });

    it('takes the file that was asked for, and lists what there is', async () => {
      only('a.gguf', 'sub/b.gguf');
      await expect(download()).rejects.toMatchObject({ code: 'hub-no-weights', message: expect.stringContaining('a.gguf, sub/b.gguf') });
      const chosen = await downloadHubModel({ ...reference, file: 'sub/b.gguf' }, context, { environment, cacheFolder: join(folder, 'cache'), retryDelay: 1 });
      expect(await readFile(chosen.path, 'utf8')).toBe('sub/b.gguf');
      only('pytorch_model.bin');
      await expect(download()).rejects.toMatchObject({ code: 'hub-no-weights', message: expect.stringContaining('pickles') });
    });
  });
});

describe('importModel of a hub reference', () => {
  const names = ['HF_ENDPOINT', 'XDG_CACHE_HOME'] as const;
  const before = names.map((name) => process.env[name]);
  afterEach(() => names.forEach((name, i) => (before[i] === undefined ? delete process.env[name] : (process.env[name] = before[i]))));

  it('imports the folder that was fetched, and removes it', async () => {
    process.env.HF_ENDPOINT = environment.HF_ENDPOINT;
    process.env.XDG_CACHE_HOME = join(folder, 'cache');
    hub.files.set('model.safetensors', Buffer.from('\u0002\0\0\0\0\0\0\0{}'));
    // The configuration is no known model's: the importer of folders says so.
    await expect(importModel('hf:org/tiny', join(folder, 'out'), context)).rejects.toMatchObject({ name: 'ModelConfigError' });
    expect(attemptsFor('model.safetensors')).toHaveLength(1);
    expect(await readdir(join(folder, 'cache/tunesmith/hub/org--tiny'))).toEqual([]);
  });
});

describe('hubReference', () => {
  it.each([
    ['hf:org/name', { repository: 'org/name', revision: 'main' }],
    ['hf:Org.x/na-me_1.5@v1.0', { repository: 'Org.x/na-me_1.5', revision: 'v1.0' }],
    ['hf:org/name/sub/q4_0.gguf', { repository: 'org/name', revision: 'main', file: 'sub/q4_0.gguf' }],
    ['hf:org/name@abc/q.gguf', { repository: 'org/name', revision: 'abc', file: 'q.gguf' }],
    ['/some/folder', undefined],
  ])('reads %s', (source, expected) => expect(hubReference(source)).toEqual(expected));

  it.each(['hf:', 'hf:name', 'hf:../..', 'hf:org/name/x.bin', 'hf:org/name/../../x.gguf', 'hf:org/name?x'])('refuses %s', (source) => {
    expect(() => hubReference(source)).toThrow(expect.objectContaining({ code: 'hub-bad-reference' }));
  });
});
