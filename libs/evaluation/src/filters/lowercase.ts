import { defineFilter, mapTexts } from './response-filter.js';

/** Each response in small letters. */
export const lowercase = defineFilter({ name: 'lowercase', apply: (responses) => mapTexts(responses, (text) => text.toLowerCase()) });
