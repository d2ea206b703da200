import { AsyncLocalStorage } from 'node:async_hooks';
import { PlatformError } from '../errors/platform-error.js';

interface OpenTransaction {
  readonly lock: ConnectionLock;
  open: boolean;
}

const openTransaction = new AsyncLocalStorage<OpenTransaction>();
const longestWait = 30_000;

/**
 * Gives one connection to one transaction at a time, first come, first served. Needed where all query runners share a
 * connection (SQLite): without it statements of two interleaved transactions would be committed or rolled back together.
 */
export class ConnectionLock {
  private tail: Promise<void> = Promise.resolve();

  /** Waits for the connection; call the result to give it back. */
  async acquire(): Promise<() => void> {
    const transaction = openTransaction.getStore();
    if (transaction?.open && transaction.lock === this) {
      throw new PlatformError({
        code: 'outside-transaction',
        message:
          'Expected every read and write inside a transaction to go through its EntityManager; a repository or data source of its own was used, which would not belong ' +
          'to the transaction. Use transaction.getRepository(Entity), or do it after the transaction.',
      });
    }
    const before = this.tail;
    let release!: () => void;
    this.tail = new Promise((resolve) => (release = resolve));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, longestWait, 'late');
      timer.unref();
    });
    const outcome = await Promise.race([before, late]);
    clearTimeout(timer);
    if (outcome === 'late') {
      void before.then(release); // Whoever waits behind us still waits for the one before us.
      throw new PlatformError({
        code: 'database-busy', retryable: true,
        message: `Expected the database connection within ${longestWait / 1000} s; a transaction held it all that time. Do slow work outside transactions.`,
      });
    }
    return release;
  }

  /** Marks what runs in `body` as inside a transaction of this connection, so that a forgotten EntityManager is an error instead of a deadlock. */
  async within<Result>(body: () => Promise<Result>): Promise<Result> {
    const transaction: OpenTransaction = { lock: this, open: true };
    try {
      return await openTransaction.run(transaction, body);
    } finally {
      transaction.open = false;
    }
  }
}
