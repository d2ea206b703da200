import { Injectable } from '@nestjs/common';
import { Database, Outbox } from '@tunesmith/platform';
import type { Ledger } from './ledger.js';

/** Opens ledgers for what does not come as a fact: requests of the HTTP API and the reconciler's rounds. */
@Injectable()
export class Ledgers {
  constructor(private readonly database: Database, private readonly outbox: Outbox) {}

  /** Commits what `body` writes and sends, or nothing of it. */
  write<Result>(body: (ledger: Ledger) => Promise<Result>): Promise<Result> {
    return this.database.transaction((transaction) => body({ transaction, send: (event, payload, options) => this.outbox.send(transaction, event, payload, options) }));
  }
}
