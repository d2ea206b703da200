import type { ColumnOptions } from 'typeorm';

/** Milliseconds since 1970. PostgreSQL returns 64-bit integers as text; entities hold numbers. */
export const timeColumn = {
  type: 'bigint',
  transformer: { to: (value: number | null | undefined) => value, from: (value: string | number | null) => (value === null ? null : Number(value)) },
} as const satisfies ColumnOptions;

/** Any JSON value, as text on both databases. */
export const jsonColumn = {
  type: 'text',
  transformer: {
    to: (value: unknown) => (value === null || value === undefined ? value : JSON.stringify(value)),
    from: (value: string | null): unknown => (value === null ? null : JSON.parse(value)),
  },
} as const satisfies ColumnOptions;
