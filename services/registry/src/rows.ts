import type { EntityManager, ObjectLiteral } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';

/** Inserts a whole row and returns it. (TypeORM's own types follow JSON columns without end.) */
export async function insertRow<Entity extends ObjectLiteral>(manager: EntityManager, target: new () => Entity, row: { [Key in keyof Entity]: Entity[Key] }): Promise<Entity> {
  await manager.insert<Entity>(target, row as QueryDeepPartialEntity<Entity>);
  return row;
}

/** Inserts a whole row, or replaces the one with the same `key` columns. */
export async function upsertRow<Entity extends ObjectLiteral>(manager: EntityManager, target: new () => Entity, row: { [Key in keyof Entity]: Entity[Key] }, key: readonly (keyof Entity & string)[]): Promise<void> {
  await manager.upsert<Entity>(target, row as QueryDeepPartialEntity<Entity>, [...key]);
}

/** Inserts whole rows; a row whose key is there already stays as it is. */
export async function insertNewRows<Entity extends ObjectLiteral>(manager: EntityManager, target: new () => Entity, rows: readonly { [Key in keyof Entity]: Entity[Key] }[]): Promise<void> {
  if (rows.length > 0) await manager.createQueryBuilder().insert().into<Entity>(target).values(rows.map((row) => row as QueryDeepPartialEntity<Entity>)).orIgnore().execute();
}
