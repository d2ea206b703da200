import type { IsolationLevel } from 'typeorm/driver/types/IsolationLevel.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import type { ConnectionLock } from './connection-lock.js';

/**
 * A query runner that owns the connection from BEGIN to COMMIT. TypeORM shares one runner among everybody, so that a
 * second transaction becomes a savepoint of the first; this one waits instead.
 */
export class SqliteQueryRunner extends BetterSqlite3QueryRunner {
  private releaseConnection: (() => void) | undefined;

  constructor(driver: ConstructorParameters<typeof BetterSqlite3QueryRunner>[0], private readonly lock: ConnectionLock) {
    super(driver);
  }

  override async query(query: string, parameters?: unknown[], useStructuredResult?: boolean): Promise<Awaited<ReturnType<BetterSqlite3QueryRunner['query']>>> {
    // IMMEDIATE takes the write lock now; a deferred transaction could fail half-way, when it first writes.
    const statement = query === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : query;
    if (this.releaseConnection) return super.query(statement, parameters, useStructuredResult);
    const release = await this.lock.acquire();
    try {
      return await super.query(statement, parameters, useStructuredResult);
    } finally {
      release();
    }
  }

  override async startTransaction(isolationLevel?: IsolationLevel): Promise<void> {
    this.releaseConnection ??= await this.lock.acquire();
    try {
      await super.startTransaction(isolationLevel);
    } catch (error) {
      this.isTransactionActive = this.transactionDepth > 0;
      if (!this.isTransactionActive) this.giveBack();
      throw error;
    }
  }

  override async commitTransaction(): Promise<void> {
    await super.commitTransaction();
    if (!this.isTransactionActive) this.giveBack();
  }

  override async rollbackTransaction(): Promise<void> {
    try {
      await super.rollbackTransaction();
    } finally {
      // SQLite may have rolled back by itself (a full disk does that); then ROLLBACK fails, and there is nothing left to undo.
      if (!this.isTransactionActive || this.transactionDepth <= 1) {
        this.isTransactionActive = false;
        this.transactionDepth = 0;
        this.giveBack();
      }
    }
  }

  override async release(): Promise<void> {
    if (this.releaseConnection) await this.rollbackTransaction();
    await super.release();
  }

  private giveBack(): void {
    this.releaseConnection?.();
    this.releaseConnection = undefined;
  }
}
