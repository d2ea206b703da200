import type { EntityManager } from 'typeorm';
import { RawSql, sql } from './sql.js';

/** SQL for "now" in milliseconds since 1970. Leases are granted and judged by the database's clock only, so that no two processes need agree on the time. */
export function nowExpression(manager: EntityManager): RawSql {
  return manager.dataSource.options.type === 'postgres'
    ? new RawSql('(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint')
    : new RawSql(`CAST(unixepoch('subsec') * 1000 AS INTEGER)`);
}

/** Milliseconds since 1970 by the database's clock. */
export async function databaseNow(manager: EntityManager): Promise<number> {
  const rows = await sql(manager)<{ now: number | string }>`SELECT ${nowExpression(manager)} AS now`;
  return Number(rows[0]!.now);
}
