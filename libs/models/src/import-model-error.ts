import { TunesmithError } from '@tunesmith/tensor';

/** A model from outside that cannot be imported, or not be fetched; codes start with `import-` or `hub-`. */
export class ImportModelError extends TunesmithError {}
