import { defineFilter, mapTexts } from './response-filter.js';

/** Each response in capital letters. */
export const uppercase = defineFilter({ name: 'uppercase', apply: (responses) => mapTexts(responses, (text) => text.toUpperCase()) });
