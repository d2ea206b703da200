import { PlatformError } from '@tunesmith/platform';

/** The condition cannot be read (`gate-syntax`), names a metric that there is none of (`gate-unknown-metric`), or asks for confidence in one without a standard error (`gate-without-error`). */
export class GateConditionError extends PlatformError {}
