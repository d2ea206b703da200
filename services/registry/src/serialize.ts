import type { EntityManager } from 'typeorm';

/**
 * Lets one transaction at a time go on for a key, until it ends: numbering versions and deciding about a run must not interleave.
 * SQLite has one writer anyhow.
 */
export async function serialize(transaction: EntityManager, key: string): Promise<void> {
  if (transaction.dataSource.options.type === 'postgres') await transaction.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key]);
}
