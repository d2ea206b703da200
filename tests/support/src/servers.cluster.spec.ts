import { Client as Minio } from 'minio';
import { Client } from 'pg';
import { startMinio } from './minio.js';
import { startPostgres } from './postgres.js';

test('PostgreSQL answers, also when the tests run as root', async () => {
  await using server = await startPostgres();
  const client = new Client(server.url);
  await client.connect();
  const { rows } = await client.query<{ sum: number }>('SELECT 1 + 1 AS sum');
  await client.end();
  expect(rows).toEqual([{ sum: 2 }]);
});

test('MinIO answers, built from its module if need be', async () => {
  await using server = await startMinio();
  const url = new URL(server.endpoint);
  const client = new Minio({ endPoint: url.hostname, port: Number(url.port), useSSL: false, accessKey: server.accessKey, secretKey: server.secretKey });
  await client.makeBucket('models');
  expect((await client.listBuckets()).map(({ name }) => name)).toEqual(['models']);
}, 1_200_000);
