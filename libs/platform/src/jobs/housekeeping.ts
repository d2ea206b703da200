import type { Database } from '../database/database.js';
import { nowExpression } from '../database/database-time.js';
import { sql } from '../database/sql.js';
import { BackgroundLoop } from '../service/background-loop.js';

const day = 24 * 60 * 60 * 1000;
/** Longer than the broker keeps facts (14 days), so that none comes again after its inbox row is gone. */
const inboxTime = 30 * day;
const outboxTime = 7 * day;

/** Removes inbox rows that no message can meet any more and outbox rows that were sent long ago. */
export class Housekeeping {
  private readonly loop: BackgroundLoop;

  constructor(private readonly database: Database) {
    this.loop = new BackgroundLoop({ name: 'Housekeeping', everyMilliseconds: day / 24, body: () => this.sweep() });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async sweep(): Promise<void> {
    const { manager } = this.database.dataSource;
    const now = nowExpression(manager);
    await sql(manager)`DELETE FROM inbox WHERE received_at < ${now} - ${inboxTime} RETURNING event_id`;
    await sql(manager)`DELETE FROM outbox WHERE sent_at < ${now} - ${outboxTime} RETURNING id`;
  }
}
