import { z } from 'zod';

/** What is wrong with settings, one after the other: where, why, and what came where the parsing reports its input. Keys that nobody knows come with those that are known there. */
export function describeIssues(error: z.ZodError, schema: z.ZodType): string {
  return error.issues.map((issue) => {
    const known = issue.code === 'unrecognized_keys' ? keysAt(schema, issue.path) : undefined;
    const hint = known === undefined ? gotOf(issue.input) : known.length === 0 ? ' (it takes none)' : ` (known are ${known.join(', ')})`;
    return `${issue.path.length === 0 ? '' : `${issue.path.join('.')}: `}${issue.message}${hint}`;
  }).join('; ');
}

function gotOf(input: unknown): string {
  return input === undefined ? '' : `; got ${(JSON.stringify(input) ?? String(input)).slice(0, 80)}`;
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] | undefined {
  let at: unknown = schema;
  for (const step of [...path, undefined]) {
    while (at instanceof z.ZodOptional || at instanceof z.ZodNullable || at instanceof z.ZodDefault) at = at.unwrap();
    if (step === undefined) break;
    at = at instanceof z.ZodArray ? at.element : at instanceof z.ZodObject ? (at.shape as Record<PropertyKey, unknown>)[step] : undefined;
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape as object) : undefined;
}
