import type { Type } from '@nestjs/common';
import type { ServiceName } from '@tunesmith/contracts';
import type { EntityManager, QueryRunner } from 'typeorm';
import { hidePassword } from '../config/environment-reader.js';
import type { DatabaseConfig } from '../config/platform-config.js';
import { PlatformError } from '../errors/platform-error.js';
import { dataSourceOptions, ServiceDataSource } from './service-data-source.js';

export interface DatabaseOptions {
  readonly config: DatabaseConfig;
  readonly service: ServiceName;
  readonly entities: readonly Type[];
  /** TypeORM migrations that work on SQLite and PostgreSQL alike, in any order; their names end in a timestamp. */
  readonly migrations: readonly Type[];
}

/** The service's own tables, migrated. */
export class Database {
  private constructor(readonly dataSource: ServiceDataSource, readonly kind: DatabaseConfig['kind']) {}

  static async open(options: DatabaseOptions): Promise<Database> {
    const { config, service } = options;
    const dataSource = new ServiceDataSource(dataSourceOptions(config, service, options.entities, options.migrations));
    try {
      if (config.kind === 'postgres') {
        await withMigrationLock(config.url, service, () => initialize(dataSource));
      } else {
        await initialize(dataSource);
      }
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      const where = config.kind === 'postgres' ? hidePassword(config.url) : config.folder;
      throw new PlatformError({
        code: 'database-unavailable', cause: error,
        message: `Expected to open and migrate the database of the ${service} at ${where}; got: ${error instanceof Error ? error.message : String(error)}. Check TUNESMITH_DATABASE_URL.`,
      });
    }
    return new Database(dataSource, config.kind);
  }

  /** Commits what `body` does with its EntityManager, or nothing of it. */
  transaction<Result>(body: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.dataSource.transaction(body);
  }

  /** Calls `listener` after each commit with the query runner that the transaction had. */
  onCommit(listener: (runner: QueryRunner | undefined) => void): void {
    this.dataSource.onCommit(listener);
  }

  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

async function initialize(dataSource: ServiceDataSource): Promise<void> {
  await dataSource.initialize();
  await dataSource.runMigrations({ transaction: 'each' });
}

/** Replicas that start together migrate one after the other. */
async function withMigrationLock(url: string, service: ServiceName, body: () => Promise<void>): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: url, application_name: `tunesmith-${service}-migrations` });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [`tunesmith-migrations-${service}`]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS "${service}"`);
    await body();
  } finally {
    await client.end(); // Ends the lock too.
  }
}
