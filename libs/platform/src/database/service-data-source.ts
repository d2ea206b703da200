import type { Type } from '@nestjs/common';
import type { ServiceName } from '@tunesmith/contracts';
import BetterSqlite3 from 'better-sqlite3';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions, type EntityManager, type QueryRunner } from 'typeorm';
import { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import type { IsolationLevel } from 'typeorm/driver/types/IsolationLevel.js';
import type { DatabaseConfig } from '../config/platform-config.js';
import { ConnectionLock } from './connection-lock.js';
import { SqliteQueryRunner } from './sqlite-query-runner.js';

type Body<Result> = (manager: EntityManager) => Promise<Result>;

/** TypeORM options of one service: its own SQLite file, or its own schema on PostgreSQL. */
export function dataSourceOptions(config: DatabaseConfig, service: ServiceName, entities: readonly Type[], migrations: readonly Type[]): DataSourceOptions {
  const common = { entities: [...entities], migrations: [...migrations], migrationsTableName: 'migrations', synchronize: false, logging: false };
  if (config.kind === 'postgres') {
    return { ...common, type: 'postgres', url: config.url, schema: service, applicationName: `tunesmith-${service}`, extra: { options: `-c search_path="${service}"`, max: 8 } };
  }
  return {
    ...common,
    type: 'better-sqlite3',
    driver: BetterSqlite3,
    database: join(config.folder, `${service}.sqlite`),
    prepareDatabase: (database: BetterSqlite3.Database) => {
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL'); // What a job table says must survive a power cut.
      database.pragma('busy_timeout = 5000');
    },
  };
}

type CommitListener = (runner: QueryRunner | undefined) => void;

/** A data source whose transactions are isolated from each other on SQLite too, and which says when one was committed. */
export class ServiceDataSource extends DataSource {
  private readonly connectionLock = new ConnectionLock();
  private readonly commitListeners: CommitListener[] = [];

  constructor(options: DataSourceOptions) {
    super(options);
    const { driver } = this;
    if (driver instanceof BetterSqlite3Driver) {
      driver.createQueryRunner = () => new SqliteQueryRunner(driver, this.connectionLock);
    }
  }

  override transaction<Result>(body: Body<Result>): Promise<Result>;
  override transaction<Result>(isolation: IsolationLevel, body: Body<Result>): Promise<Result>;
  override async transaction<Result>(first: IsolationLevel | Body<Result>, second?: Body<Result>): Promise<Result> {
    const body = typeof first === 'function' ? first : second;
    if (!body) throw new TypeError('expected a function to run in the transaction');
    let runner: QueryRunner | undefined;
    const guarded: Body<Result> = (manager) => {
      runner = manager.queryRunner;
      return this.connectionLock.within(() => body(manager));
    };
    const result = await (typeof first === 'function' ? this.manager.transaction(guarded) : this.manager.transaction(first, guarded));
    for (const listener of this.commitListeners) listener(runner);
    return result;
  }

  /** Calls `listener` after each commit with the query runner that the transaction had. */
  onCommit(listener: CommitListener): void {
    this.commitListeners.push(listener);
  }
}
