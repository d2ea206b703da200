import { temporaryFolder } from '@tunesmith/tests-support';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseContract, NoteEntity, Notes1763000000001 } from '../testing/database.contract.js';
import { Database } from './database.js';
import { HomeLockedError, lockHome } from './lock-home.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder('database')));
afterAll(() => folder.remove());

describe('Database on SQLite', () => {
  databaseContract(() => ({ kind: 'sqlite', folder: folder.path }));

  it('survives a power cut: write-ahead log, full synchronization', async () => {
    const database = await Database.open({ config: { kind: 'sqlite', folder: join(folder.path, 'pragmas') }, service: 'trainer', entities: [], migrations: [] });
    expect(await database.dataSource.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(await database.dataSource.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    await database.close();
  });

  it('refuses a repository of its own inside a transaction, instead of writing outside it', async () => {
    const database = await Database.open({ config: { kind: 'sqlite', folder: join(folder.path, 'guard') }, service: 'trainer', entities: [NoteEntity], migrations: [Notes1763000000001] });
    const repository = database.dataSource.getRepository(NoteEntity);
    const wrong = database.transaction(() => repository.insert({ id: 'a', body: null, at: 1 }));
    await expect(wrong).rejects.toMatchObject({ code: 'outside-transaction', message: expect.stringContaining('transaction.getRepository') });
    await expect(database.transaction(() => database.transaction((inner) => inner.find(NoteEntity)))).rejects.toMatchObject({ code: 'outside-transaction' });
    expect(await repository.count()).toBe(0);
    await database.close();
  });

  it('says what it tried when it cannot open', async () => {
    const file = join(folder.path, 'a-file');
    await writeFile(file, '');
    await expect(Database.open({ config: { kind: 'sqlite', folder: file }, service: 'merger', entities: [], migrations: [] })).rejects.toMatchObject({
      code: 'database-unavailable', message: expect.stringContaining(`database of the merger at ${file}`),
    });
  });
});

describe('lockHome', () => {
  it('refuses a second platform, and is free again after release', () => {
    const home = join(folder.path, 'home');
    const lock = lockHome(home);
    expect(() => lockHome(home)).toThrow(HomeLockedError);
    expect(() => lockHome(home)).toThrow(`process ${process.pid} runs one there`);
    lock.release();
    lockHome(home).release();
  });

  it('is not stale after kill -9 of its holder', async () => {
    const home = join(folder.path, 'killed');
    const script = `const D = require('better-sqlite3'); require('fs').mkdirSync(process.argv[1]); const d = new D(process.argv[1] + '/platform.lock'); d.exec('BEGIN EXCLUSIVE'); console.log('locked'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['-e', script, home], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    expect(() => lockHome(home)).toThrow(HomeLockedError);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockHome(home).release();
  });
});
