import { startPostgres, type PostgresServer } from '@tunesmith/tests-support';
import { databaseContract } from '../testing/database.contract.js';
import { Database } from './database.js';

let server: PostgresServer;
beforeAll(async () => void (server = await startPostgres()));
afterAll(() => server[Symbol.asyncDispose]());

describe('Database on PostgreSQL', () => {
  databaseContract(() => ({ kind: 'postgres', url: server.url }));

  it('keeps each service in a schema of its own', async () => {
    const merger = await Database.open({ config: { kind: 'postgres', url: server.url }, service: 'merger', entities: [], migrations: [] });
    const schemas: { schema_name: string }[] = await merger.dataSource.query(`SELECT schema_name FROM information_schema.schemata WHERE schema_name IN ('trainer', 'merger') ORDER BY 1`);
    expect(schemas.map(({ schema_name: name }) => name)).toEqual(['merger', 'trainer']);
    await merger.close();
  });
});
