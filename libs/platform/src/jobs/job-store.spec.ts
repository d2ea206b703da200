import { temporaryFolder } from '@tunesmith/tests-support';
import { jobStoreContract } from '../testing/job-store.contract.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder('jobs')));
afterAll(() => folder.remove());

describe('JobStore on SQLite', () => jobStoreContract(() => ({ kind: 'sqlite', folder: folder.path }), 1));
