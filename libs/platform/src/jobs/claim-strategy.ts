import type { EntityManager } from 'typeorm';
import { RawSql } from '../database/sql.js';

/**
 * How rows are claimed so that no two processes get the same: PostgreSQL skips rows that another transaction has locked;
 * SQLite has one writer at a time (each transaction begins IMMEDIATE), so the statement alone is enough. Everything else
 * about a claim is one statement for both.
 */
export function lockForClaim(manager: EntityManager): RawSql {
  return new RawSql(manager.dataSource.options.type === 'postgres' ? 'FOR UPDATE SKIP LOCKED' : '');
}
