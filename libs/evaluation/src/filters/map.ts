import { z } from 'zod';
import { defineFilter, mapTexts } from './response-filter.js';

/** Each response replaced by what stands for it in a table. */
export const map = defineFilter({
  name: 'map',
  settings: z.strictObject({ mapping_dict: z.record(z.string(), z.unknown()).default({}), default_value: z.unknown().optional() }),
  apply: (responses, { mapping_dict, default_value }) => mapTexts(responses, (text) => (Object.hasOwn(mapping_dict, text) ? mapping_dict[text] : (default_value ?? null))),
});
