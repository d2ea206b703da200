import { PlatformError } from '@tunesmith/platform';

/** No token, or a wrong one. The HTTP API answers 401. */
export class UnauthorizedError extends PlatformError {}

/** A body of a content-type that the route does not take. The HTTP API answers 415. */
export class MediaTypeError extends PlatformError {}
