import { z } from 'zod';
import { EvaluationError } from '../evaluation-error.js';
import { defineFilter } from './response-filter.js';

/** The first `k` responses. */
export const takeFirstK = defineFilter({
  name: 'take_first_k',
  settings: z.strictObject({ k: z.int().min(1) }),
  apply(responses, { k }) {
    const list = Array.isArray(responses) ? (responses as unknown[]) : [responses];
    if (list.length < k) throw new EvaluationError({ message: `The filter take_first_k takes ${k} responses; there are ${list.length}. Raise repeats of the task.`, code: 'filter-not-applicable', facts: { k, responses: list.length } });
    return list.slice(0, k);
  },
});
