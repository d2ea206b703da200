import { isDeepStrictEqual } from 'node:util';
import type { Sampler } from './sampler.js';

/** Always the first ones. */
export const firstN: Sampler = {
  name: 'first_n',
  start: (pool) => (count, avoid) => (avoid === undefined ? pool : pool.filter((each) => !isDeepStrictEqual(each, avoid))).slice(0, count),
};
