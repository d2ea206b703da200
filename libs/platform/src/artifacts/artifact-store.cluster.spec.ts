import { startMinio, type MinioServer } from '@tunesmith/tests-support';
import { Client } from 'minio';
import type { ArtifactsConfig } from '../config/platform-config.js';
import { loadConfig } from '../config/load-config.js';
import { artifactStoreContract } from '../testing/artifact-store.contract.js';
import { S3BlobStore } from './s3-blob-store.js';

let server: MinioServer;
beforeAll(async () => void (server = await startMinio()), 1_200_000);
afterAll(() => server[Symbol.asyncDispose]());

const config = (bucket: string, secretKey = server.secretKey) =>
  loadConfig({ TUNESMITH_ARTIFACTS: server.artifacts(bucket), TUNESMITH_S3_ACCESS_KEY: server.accessKey, TUNESMITH_S3_SECRET_KEY: secretKey }, 'trainer').artifacts as ArtifactsConfig & { kind: 's3' };

describe('ArtifactStore on MinIO', () => {
  artifactStoreContract(() => {
    const s3 = config('models/team-a');
    const client = new Client({ endPoint: s3.host, port: s3.port, useSSL: s3.secure, accessKey: s3.accessKey, secretKey: s3.secretKey });
    return Promise.resolve({
      blobs: new S3BlobStore(s3),
      damage: async (digest) => void (await client.putObject('models', `team-a/blobs/${digest.replace(':', '/')}`, 'damaged')),
    });
  }, 40 << 20);

  it('has one winner among racing writers of a manifest', async () => {
    const client = new Client({ endPoint: config('models').host, port: config('models').port, useSSL: false, accessKey: server.accessKey, secretKey: server.secretKey });
    const write = async (value: number) => client.putObject('models', 'raced', Buffer.from(String(value)), undefined, { 'if-none-match': '*' }).then(() => value, () => undefined);
    const winners = (await Promise.all(Array.from({ length: 16 }, (_unused, index) => write(index)))).filter((value) => value !== undefined);
    expect(winners).toHaveLength(1);
  });

  it('says at start what is wrong', async () => {
    await expect(new S3BlobStore(config('models', 'wrong')).probe()).rejects.toMatchObject({ code: 'object-store-unfit', message: expect.stringContaining('bucket models') });
    await expect(new S3BlobStore({ ...config('models'), port: 1 }).probe()).rejects.toMatchObject({ code: 'object-store-unfit', message: expect.stringContaining('ECONNREFUSED') });
  });
});
