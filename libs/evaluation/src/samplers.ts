import { defaultSampler } from './samplers/default.js';
import { firstN } from './samplers/first-n.js';
import type { Sampler } from './samplers/sampler.js';

/** Every way to choose examples. */
export const samplers: readonly Sampler[] = [defaultSampler, firstN];
