import { Column, Entity, PrimaryColumn } from 'typeorm';
import { timeColumn } from '../database/columns.js';

/** An event that was handled: written in the transaction of its effect, so that a second delivery finds it. */
@Entity('inbox')
export class InboxEntity {
  @PrimaryColumn('text', { name: 'event_id' })
  eventId!: string;

  @Column('text')
  subject!: string;

  @Column({ ...timeColumn, name: 'received_at' })
  receivedAt!: number;
}
