import { TunesmithError } from '@tunesmith/tensor';

/** Text that cannot be generated or scored as asked. */
export class GenerationError extends TunesmithError {}
