import { headers as newHeaders } from '@nats-io/transport-node';
import { Logger } from '@nestjs/common';
import { In } from 'typeorm';
import type { BusConnection } from '../bus/bus-connection.js';
import { writeTrace } from '../bus/trace-headers.js';
import type { Database } from '../database/database.js';
import { nowExpression } from '../database/database-time.js';
import { sql } from '../database/sql.js';
import { BackgroundLoop } from '../service/background-loop.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { activeCarrier, continuation } from '../telemetry/trace-carrier.js';
import { lockForClaim } from './claim-strategy.js';
import type { Outbox } from './outbox.js';
import { OutboxEntity } from './outbox.entity.js';

/** Rows that one round takes. */
const batch = 50;
/** Another relay may take a row again after this time: the one that took it died. */
const takenFor = 30_000;
const longestDelay = 15_000;

/**
 * Publishes what the outbox holds, oldest first, each until the broker has confirmed that it is stored.
 * A row that is published twice is dropped by the broker (same message id) or by the receiver's inbox.
 */
export class OutboxRelay {
  private readonly logger = new Logger('Outbox');
  private readonly loop: BackgroundLoop;

  constructor(outbox: Outbox, private readonly database: Database, private readonly connection: BusConnection, private readonly telemetry: Telemetry) {
    this.loop = new BackgroundLoop({ name: 'Outbox', everyMilliseconds: 500, body: (signal) => this.round(signal) });
    outbox.onCommitted(() => this.loop.wake());
  }

  start(): void {
    this.loop.start();
  }

  /** Sends what can be sent within `patience` milliseconds; the rest is sent after the next start. */
  async stop(patience = 15_000): Promise<void> {
    await this.loop.stop();
    const deadline = AbortSignal.timeout(patience);
    try {
      while (this.connection.connected && !deadline.aborted && (await this.round(deadline)));
    } catch (error) {
      this.logger.warn(`events remain in the outbox until the next start: ${String(error)}`);
    }
  }

  private async round(signal: AbortSignal): Promise<boolean> {
    const rows = await this.take();
    const sent: string[] = [];
    let next = 0;
    let pauseForRest = 0;
    try {
      for (; next < rows.length && !(signal.aborted && next > 0); next += 1) {
        const row = rows[next]!;
        const failure = await this.publish(row).then(() => undefined, (error: unknown) => ({ error }));
        if (!failure) {
          sent.push(row.id);
          continue;
        }
        await this.postpone(row, failure.error);
        // Without a broker the others would fare no better; a row that the broker refuses must not hold them up.
        if (!this.connection.connected || isTimeout(failure.error)) {
          next += 1;
          pauseForRest = 250;
          break;
        }
      }
    } finally {
      await this.markSent(sent);
    }
    const left = rows.slice(next);
    if (left.length > 0) await this.putBack(left, pauseForRest);
    return left.length === 0 && rows.length === batch;
  }

  private async postpone(row: OutboxEntity, error: unknown): Promise<void> {
    this.logger.warn(`${row.subject} ${row.id}: not sent at attempt ${row.attempts}, trying again: ${String(error)}`);
    await this.putBack([row], Math.min(100 * 2 ** Math.min(row.attempts, 10), longestDelay));
    // No stream to take it: the broker may have come back empty.
    await this.connection.repair().catch(() => undefined);
  }

  private publish(row: OutboxEntity): Promise<void> {
    const { parent, links } = continuation(row.traceparent ? { traceparent: row.traceparent, tracestate: row.tracestate ?? undefined } : undefined, Date.now() - row.createdAt);
    const attributes = { 'messaging.system': 'nats', 'messaging.operation.type': 'send', 'messaging.destination.name': row.subject, 'messaging.message.id': row.id };
    return this.telemetry.span(`send ${row.subject}`, { kind: 'producer', attributes, parent, links }, async () => {
      const headers = newHeaders();
      writeTrace(headers, activeCarrier());
      await this.connection.jetstream.publish(row.subject, row.body, { msgID: row.id, headers, timeout: 5000, retries: 2 });
    });
  }

  private take(): Promise<OutboxEntity[]> {
    const { manager } = this.database.dataSource;
    // Most rounds find nothing: look before taking the write lock.
    return sql(manager)`SELECT id FROM outbox WHERE sent_at IS NULL AND next_attempt_at <= ${nowExpression(manager)} LIMIT 1`.then((some) =>
      some.length === 0
        ? []
        : this.database.transaction(async (transaction) => {
            const now = nowExpression(transaction);
            const taken = await sql(transaction)<{ id: string }>`
              WITH picked AS MATERIALIZED (
                SELECT id FROM outbox WHERE sent_at IS NULL AND next_attempt_at <= ${now} ORDER BY id LIMIT ${batch} ${lockForClaim(transaction)}
              )
              UPDATE outbox SET attempts = attempts + 1, next_attempt_at = ${now} + ${takenFor} WHERE id IN (SELECT id FROM picked) RETURNING id`;
            return taken.length === 0 ? [] : transaction.find(OutboxEntity, { where: { id: In(taken.map(({ id }) => id)) }, order: { id: 'ASC' } });
          }),
    );
  }

  private async markSent(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { manager } = this.database.dataSource;
    await sql(manager)`UPDATE outbox SET sent_at = ${nowExpression(manager)} WHERE id IN ${ids} RETURNING id`;
  }

  private async putBack(rows: readonly OutboxEntity[], delay: number): Promise<void> {
    const { manager } = this.database.dataSource;
    await sql(manager)`UPDATE outbox SET next_attempt_at = ${nowExpression(manager)} + ${delay} WHERE id IN ${rows.map(({ id }) => id)} AND sent_at IS NULL RETURNING id`;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
