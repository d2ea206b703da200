import { z } from 'zod';
import { defineFilter, mapTexts } from './response-filter.js';

/** Each response up to the first place of a text, whole where it does not occur. */
export const cutAt = defineFilter({ name: 'cut_at', settings: z.strictObject({ text: z.string().min(1) }), apply: (responses, { text: end }) => mapTexts(responses, (text) => text.split(end, 1)[0]) });
