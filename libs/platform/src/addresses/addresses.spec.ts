import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/load-config.js';
import { downloadFile, type DownloadOptions } from './download-file.js';
import { pinPublicAddress } from './public-address.js';
import { RemoteFiles } from './remote-files.js';

const content = Buffer.from('{"query":"Q","response":"A"}\n'.repeat(50_000));
let folder: string;
let server: Server | undefined;
let base: string;

beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'addresses-'))));
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(folder, { recursive: true });
});

async function serve(listener: RequestListener): Promise<void> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const options = (some: Partial<DownloadOptions> = {}): DownloadOptions => ({ allowed: 'public-and-loopback', signal: new AbortController().signal, retryTime: 1, ...some });
const fetched = (path: string, some: Partial<DownloadOptions> = {}): Promise<string> => downloadFile(new URL(path, base), folder, options(some));

describe('addresses that are not public', () => {
  test.each([
    '127.0.0.1', '10.1.2.3', '172.20.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '192.0.2.1',
    '[::1]', '[fe80::1]', '[fc00::1]', '[::ffff:10.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::a00:1]', '[2002:a00:1::]', '[::]', '[::127.0.0.1]', 'localhost',
    // A URL writes these as 127.0.0.1.
    ...['http://0x7f.1', 'http://2130706433', 'http://127.1'].map((url) => new URL(url).hostname),
  ])('%s is refused', async (host) => {
    await expect(pinPublicAddress(host, 'public')).rejects.toMatchObject({ code: 'address-private', message: expect.stringContaining('push it as a file') });
  });

  test('loopback may be allowed, and nothing else with it', async () => {
    expect(await pinPublicAddress('127.0.0.1', 'public-and-loopback')).toEqual({ address: '127.0.0.1', family: 4 });
    await expect(pinPublicAddress('10.0.0.1', 'public-and-loopback')).rejects.toMatchObject({ code: 'address-private' });
  });

  test('public ones are pinned', async () => {
    expect(await pinPublicAddress('93.184.216.34', 'public')).toEqual({ address: '93.184.216.34', family: 4 });
    expect(await pinPublicAddress('[2606:2800:220:1::1]', 'public')).toEqual({ address: '2606:2800:220:1::1', family: 6 });
  });
});

test('a file is fetched under the name that its address or its answer gives', async () => {
  await serve((request, answer) => {
    if (request.url === '/named') answer.setHeader('content-disposition', 'attachment; filename="../rows.csv"');
    answer.end(content);
  });
  const seen: number[] = [];
  const path = await fetched('/deep/rows.jsonl?signature=x', { onBytes: (done) => seen.push(done) });
  expect(path).toBe(join(folder, 'rows.jsonl'));
  expect(await readFile(path)).toEqual(content);
  expect(seen.at(-1)).toBe(content.length);
  expect(await fetched('/named')).toBe(join(folder, 'rows.csv'));
});

test('redirects are followed and checked, each', async () => {
  await serve((request, answer) => {
    const places: Record<string, string> = { '/once': '/rows.jsonl', '/inside': 'http://10.0.0.1/rows.jsonl', '/metadata': 'https://169.254.169.254/latest', '/file': 'file:///etc/passwd', '/around': '/around' };
    const place = places[request.url!];
    if (place) answer.writeHead(302, { location: place }).end();
    else answer.end(content);
  });
  expect(await readFile(await fetched('/once'))).toEqual(content);
  await expect(fetched('/inside')).rejects.toMatchObject({ code: 'address-private' });
  await expect(fetched('/metadata')).rejects.toMatchObject({ code: 'address-private', facts: { address: '169.254.169.254' } });
  await expect(fetched('/file')).rejects.toMatchObject({ code: 'address-scheme' });
  await expect(fetched('/around')).rejects.toMatchObject({ code: 'too-many-redirects' });
});

test('plain HTTP, passwords and answers that are no files are refused', async () => {
  await serve((_request, answer) => answer.writeHead(404).end());
  await expect(fetched('/rows.jsonl', { allowed: 'public' })).rejects.toMatchObject({ code: 'address-scheme' });
  await expect(downloadFile(new URL('https://user:password@127.0.0.1/rows'), folder, options())).rejects.toMatchObject({ code: 'address-scheme', message: expect.not.stringContaining('password@') });
  await expect(fetched('/rows.jsonl?key=secret')).rejects.toMatchObject({ code: 'address-answer', message: expect.stringMatching(/rows\.jsonl\?….* 404/) });
});

describe('a connection that breaks', () => {
  /** Breaks after half of it, the first time. */
  const breaking = (etags: readonly string[]): RequestListener => {
    let requests = 0;
    return (request, answer) => {
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      answer.writeHead(start > 0 ? 206 : 200, { 'content-length': content.length - start, etag: etags[Math.min(requests, etags.length - 1)]! });
      requests += 1;
      if (requests > 1) answer.end(content.subarray(start));
      else answer.write(content.subarray(0, content.length / 2), () => setTimeout(() => answer.destroy(), 20));
    };
  };

  test('is taken up where it broke', async () => {
    await serve(breaking(['"a"']));
    expect(await readFile(await fetched('/rows.jsonl'))).toEqual(content);
  });

  test('is not taken up where the file became another one', async () => {
    await serve(breaking(['"a"', '"b"']));
    await expect(fetched('/rows.jsonl')).rejects.toMatchObject({ code: 'address-changed' });
  });
});

test('more bytes than are wanted are refused', async () => {
  await serve((_request, answer) => answer.end(content));
  await expect(fetched('/rows.jsonl', { mostBytes: 1000 })).rejects.toMatchObject({ code: 'address-too-large' });
});

describe('RemoteFiles', () => {
  const remote = (environment: Record<string, string> = {}): RemoteFiles => new RemoteFiles(loadConfig({ TUNESMITH_HOME: folder, ...environment }, 'synthesis'));
  const signal = new AbortController().signal;

  test('asks the S3 server that is named, with a signature where there are keys', async () => {
    const seen: string[] = [];
    await serve((request, answer) => {
      seen.push(request.url!);
      answer.end(content);
    });
    expect(await remote({ TUNESMITH_DATASET_S3_ENDPOINT: base }).fetch('s3://bucket/deep/rows one.jsonl', folder, { signal })).toBe(join(folder, 'rows_one.jsonl'));
    await remote({ TUNESMITH_DATASET_S3_ENDPOINT: base, TUNESMITH_DATASET_S3_ACCESS_KEY: 'key', TUNESMITH_DATASET_S3_SECRET_KEY: 'secret' }).fetch('s3://bucket/rows.jsonl', folder, { signal });
    expect(seen[0]).toBe('/bucket/deep/rows%20one.jsonl');
    expect(seen[1]).toMatch(/^\/bucket\/rows\.jsonl\?.*X-Amz-Credential=key.*X-Amz-Signature=[0-9a-f]{64}/);
  });

  describe('a prefix', () => {
    /** Lists two objects a page; `lists` hears how often the first page was asked for. */
    const store = (keys: readonly string[], lists: { count: number } = { count: 0 }): RequestListener => (request, answer) => {
      const url = new URL(request.url!, base);
      if (url.pathname !== '/bucket/' && url.pathname !== '/bucket') return void answer.end(`content of ${decodeURIComponent(url.pathname)}`);
      const from = Number(url.searchParams.get('continuation-token') ?? 0);
      if (from === 0) lists.count += 1;
      const page = keys.slice(from, from + 2).filter((key) => key.startsWith(url.searchParams.get('prefix')!));
      const contents = page.map((key) => `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>then</LastModified><ETag>&quot;${key === 'set/moves.jsonl' ? lists.count : 1}&quot;</ETag><Size>${`content of /bucket/${key}`.length}</Size></Contents>`);
      answer.end(`<?xml version="1.0"?><ListBucketResult xmlns="x">${contents.join('')}${from + 2 < keys.length ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${from + 2}</NextContinuationToken>` : '<IsTruncated>false</IsTruncated>'}</ListBucketResult>`);
    };
    const pull = (prefix: string, environment: Record<string, string> = {}): Promise<string> => remote({ TUNESMITH_DATASET_S3_ENDPOINT: base, ...environment }).fetch(`s3://bucket/${prefix}`, folder, { signal });

    test.each([['public', {}], ['with keys', { TUNESMITH_DATASET_S3_ACCESS_KEY: 'key', TUNESMITH_DATASET_S3_SECRET_KEY: 'secret' }]])('is fetched file by file, over all pages of its list: %s', async (_name, keys) => {
      await serve(store(['set/', 'set/law.train.jsonl', 'set/a b/law.train.jsonl', 'set/../../evil.jsonl', 'set/.cache/rows.jsonl', 'set/law.eval.jsonl']));
      expect(await pull('set/', keys)).toBe(folder);
      const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
      expect(found).toEqual(['a_b/law.train.jsonl', 'law.eval.jsonl', 'law.train.jsonl']);
      expect(await readFile(join(folder, 'a_b/law.train.jsonl'), 'utf8')).toBe('content of /bucket/set/a b/law.train.jsonl');
    });

    test('that holds nothing, changes meanwhile or is not listed is an error that says so', async () => {
      await serve(store(['set/moves.jsonl', 'set/rests.jsonl']));
      await expect(pull('other/')).rejects.toMatchObject({ code: 'address-empty', message: expect.stringContaining('there are none') });
      await expect(pull('set/')).rejects.toMatchObject({ code: 'address-changed', message: expect.stringMatching(/set\/moves\.jsonl changed meanwhile/) });
      server!.removeAllListeners('request').on('request', (_request, answer) => answer.end('<html>hello</html>'));
      await expect(pull('set/')).rejects.toMatchObject({ code: 'address-answer', message: expect.stringContaining('to list the objects below \"set/\"') });
    });

    test('a name that no disk takes is told before anything is fetched: which key, and what to do', async () => {
      const [fits, long] = [`set/${'é'.repeat(127)}/rows.jsonl`, `set/${'é'.repeat(128)}/rows.jsonl`];
      const fetched: string[] = [];
      const answer = store([fits]);
      await serve((request, response) => {
        if (request.url!.endsWith('.jsonl')) fetched.push(request.url!);
        return void answer(request, response);
      });
      expect(await pull('set/')).toBe(folder);
      server!.removeAllListeners('request').on('request', store(['set/a.jsonl', long]));
      const error = await pull('set/').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'address-name-too-long', message: expect.stringMatching(/^expected keys with at most 255 bytes between two slashes, .*; s3:\/\/bucket\/set\/é{128}\/rows\.jsonl has 256 .*Copy the object to a shorter key/) });
      expect(await readdir(folder)).not.toContain('a.jsonl');
      expect(fetched).toHaveLength(1);
      await expect(remote({ TUNESMITH_DATASET_S3_ENDPOINT: base }).fetch(`s3://bucket/${'x'.repeat(250)}.jsonl`, folder, { signal })).rejects.toMatchObject({ code: 'address-name-too-long', message: expect.stringContaining('has 256. Give it a shorter name there') });
    });
  });

  test('refuses other addresses before it asks anyone', async () => {
    await expect(remote().fetch('http://93.184.216.34/rows.jsonl', folder, { signal })).rejects.toMatchObject({ code: 'address-scheme' });
    await expect(remote().fetch('https://127.0.0.1/rows.jsonl', folder, { signal })).rejects.toMatchObject({ code: 'address-private' });
    for (const address of ['s3:///rows.jsonl', 's3://Bucket/rows.jsonl', 's3://bucket/a/../rows.jsonl']) await expect(remote().fetch(address, folder, { signal })).rejects.toMatchObject({ code: 'address-scheme', message: expect.stringMatching(/s3:\/\/BUCKET\/KEY|"\.\."/) });
    expect(['https://a/b', 'http://a/b', 'S3://a/b', '/a/b', 'hf:a/b'].map((path) => RemoteFiles.isAddress(path))).toEqual([true, true, true, false, false]);
  });

  test('settings that make no sense are named at start', () => {
    expect(() => remote({ TUNESMITH_DATASET_ADDRESSES: 'all', TUNESMITH_DATASET_S3_ACCESS_KEY: 'key' })).toThrow(/TUNESMITH_DATASET_ADDRESSES: expected public.*\n.*expected both or none/);
  });
});
