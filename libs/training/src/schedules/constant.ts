import type { Schedule } from '../schedules.js';

/** The peak throughout. */
export const constant: Schedule = { name: 'constant', share: () => 1 };
