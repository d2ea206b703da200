import { z } from 'zod';
import type { Document } from '../definitions/documents.js';
import { describeIssues } from '../describe-issues.js';
import { EvaluationError } from '../evaluation-error.js';

/** What was generated for one request: at first the list of its repeats, later what filters before made of it. */
export type Responses = unknown;

export type PreparedFilter = (responses: Responses, document: Document) => Responses;

/** A step between what a model generated and what metrics see: a file of this folder and a line in `filters.ts`. */
export interface ResponseFilter {
  /** The word after `function:`. */
  readonly name: string;
  /** The filter with the other keys of its entry. @throws EvaluationError `filter-invalid` */
  prepare(settings: Readonly<Record<string, unknown>>): PreparedFilter;
}

interface FilterDefinition<Settings extends z.ZodType> {
  readonly name: string;
  /** The keys besides `function`. Absent: none. */
  readonly settings?: Settings;
  apply(responses: Responses, settings: z.output<Settings>, document: Document): Responses;
}

export function defineFilter<Settings extends z.ZodType = z.ZodType<Record<string, never>>>({ name, settings, apply }: FilterDefinition<Settings>): ResponseFilter {
  const schema = settings ?? z.strictObject({});
  return {
    name,
    prepare(given) {
      const parsed = schema.safeParse(given, { reportInput: true });
      if (parsed.success) return (responses, document) => apply(responses, parsed.data as z.output<Settings>, document);
      throw new EvaluationError({ message: `The filter ${name}: ${describeIssues(parsed.error, schema)}.`, code: 'filter-invalid', facts: { filter: name } });
    },
  };
}

/** Each of a list of texts; what is no text counts as an empty one. */
export function mapTexts(responses: Responses, change: (text: string) => unknown): unknown[] {
  return (Array.isArray(responses) ? responses : [responses]).map((each: unknown) => change(typeof each === 'string' ? each : ''));
}
