import { isDeepStrictEqual } from 'node:util';
import { PythonRandom } from '../harness/python-random.js';
import type { Sampler } from './sampler.js';

/** Examples drawn at random: the same ones, in the same order, as lm-evaluation-harness 0.4 draws with the same seed. */
export const defaultSampler: Sampler = {
  name: 'default',
  start(pool, seed) {
    const random = new PythonRandom(seed);
    return (count, avoid) => {
      if (avoid === undefined) return random.sample(pool, count);
      // One more, in case that the document itself is among them.
      const drawn = random.sample(pool, count + 1).filter((each) => !isDeepStrictEqual(each, avoid)).slice(0, count);
      return drawn.length === count ? drawn : random.sample(pool.filter((each) => !isDeepStrictEqual(each, avoid)), count);
    };
  },
};
