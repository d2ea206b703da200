import type { EntityManager } from 'typeorm';

/** SQL for "now" in milliseconds since 1970. Leases are granted and judged by the database's clock only, so that no two processes need agree on the time. */
export function nowExpression(manager: EntityManager): string {
  return manager.dataSource.options.type === 'postgres'
    ? '(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint'
    : `CAST(unixepoch('subsec') * 1000 AS INTEGER)`;
}

/** Milliseconds since 1970 by the database's clock. */
export async function databaseNow(manager: EntityManager): Promise<number> {
  const rows: { now: number | string }[] = await manager.query(`SELECT ${nowExpression(manager)} AS "now"`);
  return Number(rows[0]!.now);
}
