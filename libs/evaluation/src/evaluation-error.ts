import { TunesmithError } from '@tunesmith/tensor';

/** An evaluation that cannot be done as asked. */
export class EvaluationError extends TunesmithError {}
