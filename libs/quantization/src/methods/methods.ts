import { awq } from './awq.js';
import { gptq } from './gptq.js';
import { hqq } from './hqq.js';
import { roundToNearest } from './round-to-nearest.js';
import type { RoundingMethod } from './rounding-method.js';
import { smoothQuant } from './smooth-quant.js';

/** Every method that makes packed linears, by the name that targets have. */
export const methods: readonly RoundingMethod[] = [roundToNearest, hqq, gptq, awq, smoothQuant];
