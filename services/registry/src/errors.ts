import { PlatformError } from '@tunesmith/platform';

/** What was asked for does not exist. The HTTP API answers 404. */
export class NotFoundError extends PlatformError {}

/** The thing exists, but not in a state that allows this. The HTTP API answers 409. */
export class ConflictError extends PlatformError {}

/** The request is well formed, but what it says cannot be done as things are. The HTTP API answers 409. */
export class RefusedError extends PlatformError {}
