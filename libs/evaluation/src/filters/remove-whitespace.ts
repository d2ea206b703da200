import { defineFilter, mapTexts } from './response-filter.js';

/** Each response without blanks around it. */
export const removeWhitespace = defineFilter({ name: 'remove_whitespace', apply: (responses) => mapTexts(responses, (text) => text.trim()) });
