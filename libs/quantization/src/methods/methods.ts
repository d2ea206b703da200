import { roundToNearest } from './round-to-nearest.js';
import type { PlainMethod } from './rounding-method.js';

/** Every method that makes packed linears, by the name that targets have. */
export const methods: readonly PlainMethod[] = [roundToNearest];
