import type { Delivery } from '@tunesmith/platform';

/** The one transaction in which something about a run is decided: what is written and what is sent belong together or are undone together. */
export type Ledger = Pick<Delivery, 'transaction' | 'send'>;
