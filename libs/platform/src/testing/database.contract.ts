import { Column, Entity, PrimaryColumn, Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import type { DatabaseConfig } from '../config/platform-config.js';
import { jsonColumn, timeColumn } from '../database/columns.js';
import { databaseNow } from '../database/database-time.js';
import { Database } from '../database/database.js';

@Entity('note')
export class NoteEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column(jsonColumn)
  body!: { words: string[] } | null;

  @Column(timeColumn)
  at!: number;
}

export class Notes1763000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(new Table({ name: 'note', columns: [{ name: 'id', type: 'text', isPrimary: true }, { name: 'body', type: 'text', isNullable: true }, { name: 'at', type: 'bigint' }] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('note');
  }
}

/** What both databases must do alike. `config` names an empty database. */
export function databaseContract(config: () => DatabaseConfig): void {
  let database: Database;
  const open = () => Database.open({ config: config(), service: 'trainer', entities: [NoteEntity], migrations: [Notes1763000000001] });

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(() => database.dataSource.getRepository(NoteEntity).deleteAll());
  afterAll(() => database.close());

  const notes = () => database.dataSource.getRepository(NoteEntity).find({ order: { id: 'ASC' } });

  it('keeps JSON and times as they are', async () => {
    const note = { id: 'a', body: { words: ['déjà', '"vu"'] }, at: Date.now() };
    await database.dataSource.getRepository(NoteEntity).insert(note);
    expect(await notes()).toEqual([note]);
  });

  it('migrates once, also when two replicas start together', async () => {
    const others = await Promise.all([open(), open()]);
    expect(await others[0]!.dataSource.query('SELECT COUNT(*) AS "count" FROM migrations')).toEqual([{ count: expect.anything() }]);
    for (const other of others) await other.close();
  });

  it('undoes everything when the transaction fails after the last write', async () => {
    const failing = database.transaction(async (manager) => {
      await manager.insert(NoteEntity, { id: 'a', body: null, at: 1 });
      throw new Error('after the insert');
    });
    await expect(failing).rejects.toThrow('after the insert');
    expect(await notes()).toEqual([]);
  });

  it('keeps two transactions apart that run at the same time', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
    const failing = database.transaction(async (manager) => {
      await manager.insert(NoteEntity, { id: 'lost', body: null, at: 1 });
      await pause();
      await pause();
      throw new Error('rolled back');
    });
    const kept = (async () => {
      await pause();
      await database.transaction((manager) => manager.insert(NoteEntity, { id: 'kept', body: null, at: 2 }));
      await database.dataSource.getRepository(NoteEntity).save({ id: 'also kept', body: null, at: 3 });
    })();
    await expect(failing).rejects.toThrow('rolled back');
    await kept;
    expect((await notes()).map(({ id }) => id)).toEqual(['also kept', 'kept']);
  });

  it('tells the time', async () => {
    const before = Date.now();
    const now = await databaseNow(database.dataSource.manager);
    expect(now).toBeGreaterThanOrEqual(before - 10);
    expect(now).toBeLessThanOrEqual(Date.now() + 10);
    expect(Number.isInteger(now)).toBe(true);
  });
}
