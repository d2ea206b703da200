import { startPostgres, type PostgresServer } from '@tunesmith/tests-support';
import { jobStoreContract } from '../testing/job-store.contract.js';

let server: PostgresServer;
beforeAll(async () => void (server = await startPostgres()));
afterAll(() => server[Symbol.asyncDispose]());

describe('JobStore on PostgreSQL', () => jobStoreContract(() => ({ kind: 'postgres', url: server.url }), 4));
