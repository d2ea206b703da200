import type { Schedule } from '../schedules.js';

/** Half a cosine down to zero (SGDR without restarts, arXiv:1608.03983, section 3). */
export const cosine: Schedule = { name: 'cosine', share: (progress) => (1 + Math.cos(Math.PI * Math.min(1, progress))) / 2 };
