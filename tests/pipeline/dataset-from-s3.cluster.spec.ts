import { readFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'minio';
import { startMinio, type MinioServer } from '@tunesmith/tests-support';
import { Standalone } from './standalone.js';

// Datasets that lie in an S3 bucket, as their user meets them: a real MinIO, the built command, and what goes wrong there.

interface Pushed {
  readonly rows: number;
  readonly report: { readonly bySplit: Readonly<Record<string, number>>; readonly byTag: Readonly<Record<string, Readonly<Record<string, number>>>>; readonly otherFiles: readonly string[]; readonly files: readonly { readonly name: string }[] };
}

/** Stands between the platform and MinIO, so that something can happen at a known moment of the reading. */
class Doorway implements AsyncDisposable {
  /** Called before a GET of this path goes on; what it returns as bytes is all that is let through of the answer before the connection breaks. */
  before: (path: string) => Promise<number | undefined> = () => Promise.resolve(undefined);
  readonly asked: string[] = [];

  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async before(endpoint: string): Promise<Doorway> {
    const server = createServer();
    const doorway = new Doorway(server);
    server.on('request', (asked, answer) => {
      const path = decodeURIComponent(new URL(asked.url!, endpoint).pathname);
      doorway.asked.push(path);
      const pass = (most: number | undefined): void => {
        const onward = request(endpoint, { method: asked.method!, path: asked.url!, headers: asked.headers }, (answered: IncomingMessage) => {
          answer.writeHead(answered.statusCode!, answered.headers);
          if (most === undefined) answered.pipe(answer);
          else answered.once('data', (piece: Buffer) => answer.write(piece.subarray(0, most), () => answer.destroy()));
        });
        onward.on('error', () => answer.destroy());
        asked.pipe(onward);
      };
      doorway.before(path).then(pass, () => answer.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return doorway;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let minio: MinioServer;
let doorway: Doorway;
let client: Client;
let platform: Standalone;

const row = (query: string): string => `${JSON.stringify({ query, response: 'Juniper' })}\n`;
const put = (key: string, content: string): Promise<unknown> => client.putObject('team', key, content);
const platformWith = (settings: NodeJS.ProcessEnv): Promise<Standalone> => Standalone.prepare({ TUNESMITH_DATASET_S3_ENDPOINT: doorway.endpoint, TUNESMITH_DATASET_S3_ACCESS_KEY: minio.accessKey, TUNESMITH_DATASET_S3_SECRET_KEY: minio.secretKey, ...settings });

beforeAll(async () => {
  minio = await startMinio();
  doorway = await Doorway.before(minio.endpoint);
  const { hostname, port } = new URL(minio.endpoint);
  client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey: minio.accessKey, secretKey: minio.secretKey });
  await client.makeBucket('team');
  platform = await platformWith({});
}, 1_200_000);
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await doorway?.[Symbol.asyncDispose]();
  await minio?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  doorway.before = () => Promise.resolve(undefined);
  doorway.asked.length = 0;
});

test('a prefix is a dataset: names give tags and splits, what is hidden, lies elsewhere or is no rows is left alone', async () => {
  await put('six/law.train.jsonl', row('one') + row('two'));
  await put('six/deep er/law.eval.jsonl', row('three'));
  await put('six/über+plus&more.train.jsonl', row('four'));
  await put('six/.cache/law.jsonl', row('hidden'));
  await put('six/README.md', '# about');
  await put('six/', '');
  await put('sixty/other.jsonl', row('five'));
  const { rows, report } = await platform.run<Pushed>('dataset', 'push', 's3://team/six/', '--name', 'six');
  expect([rows, report.files.map(({ name }) => name), report.otherFiles]).toEqual([4, ['deep_er/law.eval.jsonl', 'law.train.jsonl', 'über_plus_more.train.jsonl'], ['README.md']]);
  expect([report.bySplit, report.byTag]).toEqual([{ train: 3, validation: 1 }, { law: { train: 2, validation: 1 }, über_plus_more: { train: 1, validation: 0 } }]);
});

test('a prefix of more than one page of keys comes whole, a key is taken as it is written, and a dataset of our own is known again', async () => {
  const keys = Array.from({ length: 1100 }, (_unused, index) => `many/part-${String(index).padStart(4, '0')}.jsonl`);
  for (let start = 0; start < keys.length; start += 50) await Promise.all(keys.slice(start, start + 50).map((key) => put(key, row(key))));
  expect((await platform.run<Pushed>('dataset', 'push', 's3://team/many/', '--name', 'many', '--out', platform.at('many'))).rows).toBe(1100);

  for (const name of ['rows.jsonl', 'report.json']) await put(`own/${name}`, await readFile(platform.at(`many/${name}`), 'utf8'));
  expect((await platform.run<Pushed>('dataset', 'push', 's3://team/own/', '--name', 'own')).rows).toBe(1100);

  await put('odd/100% #1?.jsonl', row('odd'));
  expect((await platform.run<Pushed>('dataset', 'push', 's3://team/odd/100% #1?.jsonl', '--name', 'odd')).rows).toBe(1);
});

describe('what is wrong is said as its user can mend it', () => {
  test.each([
    ['s3://nowhere/six/', /expected a bucket nowhere at 127\.0\.0\.1:\d+; there is none.*TUNESMITH_DATASET_S3_ENDPOINT.*NoSuchBucket/],
    ['s3://nowhere/six.jsonl', /expected a bucket nowhere/],
    ['s3://team/none/', /expected files below s3:\/\/team\/none\/; there are none/],
    ['s3://team/six', /expected a file at s3:\/\/team\/six; there is none.*slash at the end: s3:\/\/team\/six\/\./],
    ['s3://Team/six/', /a bucket is 3 to 63 small letters.*got "s3:\/\/Team\/six\/"/],
    ['s3://team/six/../many/', /without "\." and "\.\."/],
  ])('%s', async (address, message) => {
    expect(await platform.failure('dataset', 'push', address, '--name', 'wrong')).toMatchObject({ code: 1, error: { message: expect.stringMatching(message) } });
  });

  test.each([
    ['a wrong secret', { TUNESMITH_DATASET_S3_SECRET_KEY: 'wrong-secret' }, /to know the keys in TUNESMITH_DATASET_S3_ACCESS_KEY.*it does not\..*SignatureDoesNotMatch/],
    ['an unknown key', { TUNESMITH_DATASET_S3_ACCESS_KEY: 'nobody' }, /to know the keys in TUNESMITH_DATASET_S3_ACCESS_KEY.*it does not\..*InvalidAccessKeyId/],
    ['no keys', { TUNESMITH_DATASET_S3_ACCESS_KEY: undefined, TUNESMITH_DATASET_S3_SECRET_KEY: undefined }, /expected team to be public.*it is not\..*AccessDenied/],
  ])('%s', async (_name, settings, message) => {
    await using other = await platformWith(settings);
    for (const address of ['s3://team/six/', 's3://team/six/law.train.jsonl']) {
      expect(await other.failure('dataset', 'push', address, '--name', 'wrong')).toMatchObject({ code: 1, error: { message: expect.stringMatching(message) } });
    }
  });

  test('no store', async () => {
    await using other = await platformWith({ TUNESMITH_DATASET_S3_ENDPOINT: 'http://127.0.0.1:9' });
    expect((await other.failure('dataset', 'push', 's3://team/six/', '--name', 'wrong')).error.message).toMatch(/expected an answer of 127\.0\.0\.1:9; got none: .*ECONNREFUSED/);
  });
});

describe('while it is read', () => {
  const address = 's3://team/moving/';
  const changed = { code: 1, error: { message: expect.stringMatching(/expected s3:\/\/team\/moving\/ to stay as it is while it is read; .*moving\/b\.jsonl changed meanwhile\. Push it again when it rests\./) } };
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) await put(`moving/${name}.jsonl`, row(name).repeat(5000));
  });

  test('an object that was read may change: nothing is registered', async () => {
    doorway.before = async (path) => {
      // The list is asked for again when all is read.
      if (path === '/team' && doorway.asked.includes('/team/moving/b.jsonl')) await put('moving/b.jsonl', row('another'));
      return undefined;
    };
    expect(await platform.failure('dataset', 'push', address, '--name', 'moving')).toMatchObject(changed);
    expect(await platform.run<readonly { readonly name: string }[]>('dataset', 'list')).not.toContainEqual(expect.objectContaining({ name: 'moving' }));
  });

  test('an object may change between two pieces of it, or go away', async () => {
    doorway.before = async (path) => {
      if (path !== '/team/moving/b.jsonl') return undefined;
      if (doorway.asked.filter((each) => each === path).length === 1) return 1000;
      await put('moving/b.jsonl', row('another').repeat(5000));
      return undefined;
    };
    expect(await platform.failure('dataset', 'push', address, '--name', 'moving')).toMatchObject(changed);

    await put('moving/b.jsonl', row('b'));
    doorway.before = async (path) => {
      if (path === '/team/moving/b.jsonl') await client.removeObject('team', 'moving/b.jsonl');
      return undefined;
    };
    expect(await platform.failure('dataset', 'push', address, '--name', 'moving')).toMatchObject(changed);
  });

  test('a connection that breaks is taken up where it broke', async () => {
    doorway.before = (path) => Promise.resolve(path === '/team/moving/b.jsonl' && doorway.asked.filter((each) => each === path).length === 1 ? 1000 : undefined);
    expect((await platform.run<Pushed>('dataset', 'push', address, '--name', 'moving')).rows).toBe(15_000);
    expect(doorway.asked.filter((each) => each === '/team/moving/b.jsonl')).toHaveLength(2);
  });
});
