import { PlatformError } from '../errors/platform-error.js';

/** An address that may not be fetched, or that does not give what it should. */
export class AddressError extends PlatformError {}
