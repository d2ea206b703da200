import { defineFilter, mapTexts } from './response-filter.js';

/** The inside of the first fenced block of each response, to its end where the fence is never closed; the whole response where there is no block. */
export const codeBlock = defineFilter({ name: 'code_block', apply: (responses) => mapTexts(responses, (text) => /```[^\n`]*\n(.*?)(?:\n?```|$)/su.exec(text)?.[1] ?? text) });
