import type { Schedule } from '../schedules.js';

/** Straight down to zero. */
export const linear: Schedule = { name: 'linear', share: (progress) => Math.max(0, 1 - progress) };
