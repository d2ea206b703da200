import { Column, Entity, PrimaryColumn } from 'typeorm';
import { timeColumn } from '../database/columns.js';

/** An event that is committed and must be sent. The relay sends it, however often it takes. */
@Entity('outbox')
export class OutboxEntity {
  /** The event id; also the message id at the broker. */
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  subject!: string;

  /** The envelope as JSON. */
  @Column('text')
  body!: string;

  @Column('text', { nullable: true })
  traceparent!: string | null;

  @Column('text', { nullable: true })
  tracestate!: string | null;

  @Column({ ...timeColumn, name: 'created_at' })
  createdAt!: number;

  @Column('integer')
  attempts!: number;

  @Column({ ...timeColumn, name: 'next_attempt_at' })
  nextAttemptAt!: number;

  @Column({ ...timeColumn, name: 'sent_at', nullable: true })
  sentAt!: number | null;
}
