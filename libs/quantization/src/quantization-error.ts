import { TunesmithError } from '@tunesmith/tensor';

/** A model that cannot be written in the wished format, or a written file that its runtime refuses. */
export class QuantizationError extends TunesmithError {}
