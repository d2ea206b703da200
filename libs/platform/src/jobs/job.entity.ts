import { JobError, JobMetrics, JobOutputs } from '@tunesmith/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { jsonColumn, timeColumn } from '../database/columns.js';

/**
 *   due -> running -> succeeded | failed
 *    |        |-> due                      (a retry: later, with a higher epoch when it runs again)
 *    |        '-> cancel-requested -> cancelled
 *    '-> cancelled
 */
export const jobStatuses = ['due', 'running', 'cancel-requested', 'succeeded', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** One job of this service: the record. A message only brings it here. Times are milliseconds by the database's clock. */
@Entity('job')
export class JobEntity {
  /** The registry's job id: a request that comes again finds its row. */
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { name: 'run_id' })
  runId!: string;

  @Column('text')
  step!: string;

  @Column('text')
  project!: string;

  /** Name of the step kind. */
  @Column('text')
  kind!: string;

  @Column(jsonColumn)
  spec!: unknown;

  @Column('text')
  status!: JobStatus;

  /** How many times it was claimed. */
  @Column('integer')
  attempt!: number;

  @Column({ ...timeColumn, name: 'due_at' })
  dueAt!: number;

  @Column('text', { name: 'lease_owner', nullable: true })
  leaseOwner!: string | null;

  /** The fencing token: rises with each claim; every write of a runner is conditional on it. */
  @Column('integer', { name: 'lease_epoch' })
  leaseEpoch!: number;

  @Column({ ...timeColumn, name: 'lease_expires_at', nullable: true })
  leaseExpiresAt!: number | null;

  @Column('text', { nullable: true })
  traceparent!: string | null;

  @Column('text', { nullable: true })
  tracestate!: string | null;

  @Column({ ...jsonColumn, nullable: true })
  outputs!: JobOutputs | null;

  @Column({ ...jsonColumn, nullable: true })
  metrics!: JobMetrics | null;

  @Column({ ...jsonColumn, nullable: true })
  error!: JobError | null;

  /** Event id of the fact that tells its end; the same however often the fact is sent. */
  @Column('text', { name: 'fact_id' })
  factId!: string;

  @Column({ ...timeColumn, name: 'created_at' })
  createdAt!: number;

  @Column({ ...timeColumn, name: 'started_at', nullable: true })
  startedAt!: number | null;

  @Column({ ...timeColumn, name: 'finished_at', nullable: true })
  finishedAt!: number | null;
}
