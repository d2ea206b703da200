import type { EntityManager } from 'typeorm';

/** Text that goes into a statement as it is. Never from outside. */
export class RawSql {
  constructor(readonly text: string) {}
}

export type SqlValue = string | number | null | RawSql | readonly string[];

/**
 * One statement for both databases: `sql(manager)\`UPDATE job SET … WHERE id = ${id} RETURNING id\``. Values become
 * parameters, an array a list in parentheses. Returns the rows of SELECT or RETURNING.
 */
export function sql(manager: EntityManager) {
  const postgres = manager.dataSource.options.type === 'postgres';
  return async <Row extends object>(strings: TemplateStringsArray, ...values: SqlValue[]): Promise<Row[]> => {
    const parameters: (string | number | null)[] = [];
    const place = (value: string | number | null): string => {
      parameters.push(value);
      return postgres ? `$${parameters.length}` : '?';
    };
    const placed = (value: SqlValue): string => {
      if (value instanceof RawSql) return value.text;
      if (Array.isArray(value)) return `(${value.length > 0 ? value.map((item: string) => place(item)).join(', ') : 'NULL'})`;
      return place(value as string | number | null);
    };
    const statement = strings.map((text, index) => text + (index < values.length ? placed(values[index]!) : '')).join('');
    const result: unknown = await manager.query(statement, parameters);
    if (!Array.isArray(result)) return [];
    // For UPDATE and DELETE the PostgreSQL driver of TypeORM returns [rows, count].
    const rows: unknown = result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number' ? result[0] : result;
    return rows as Row[];
  };
}
