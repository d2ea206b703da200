import { z } from 'zod';
import { EvaluationError } from '../evaluation-error.js';
import { defineFilter, mapTexts } from './response-filter.js';

/** A field of the document before each response, as where a model goes on with code that is given. */
export const prepend = defineFilter({
  name: 'prepend',
  settings: z.strictObject({ field: z.string() }),
  apply(responses, { field }, document) {
    const before = document[field];
    if (typeof before === 'string') return mapTexts(responses, (text) => before + text);
    throw new EvaluationError({ message: `The filter prepend needs documents with a text "${field}"; this one has ${JSON.stringify(before)?.slice(0, 60) ?? 'none'}.`, code: 'filter-not-applicable', facts: { field } });
  },
});
