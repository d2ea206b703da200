import { defineFilter } from './response-filter.js';

/** The first response in place of the list. */
export const takeFirst = defineFilter({ name: 'take_first', apply: (responses) => (Array.isArray(responses) ? (responses[0] as unknown) : responses) });
