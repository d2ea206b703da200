import { findStepKind, newId, type JobError, type StepKind } from '@tunesmith/contracts';
import { In, type EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import { nowExpression } from '../database/database-time.js';
import { sql } from '../database/sql.js';
import { PlatformError } from '../errors/platform-error.js';
import type { TraceCarrier } from '../telemetry/trace-carrier.js';
import { lockForClaim } from './claim-strategy.js';
import { JobEntity, type JobStatus } from './job.entity.js';
import type { Outbox } from './outbox.js';
import type { JobResult } from './running-job.js';

export interface NewJob {
  readonly id: string;
  readonly runId: string;
  readonly step: string;
  readonly project: string;
  readonly kind: StepKind;
  readonly spec: unknown;
  readonly trace: TraceCarrier | undefined;
}

/** The lease under which a runner writes: without it, or with an older epoch, nothing is written. */
export interface Lease {
  readonly id: string;
  readonly epoch: number;
}

export interface JobCounts {
  readonly due: number;
  readonly running: number;
  /** Age in milliseconds of the job that has been due longest; 0 without one. */
  readonly oldestDue: number;
}

/** The job table: every state transition is one conditional statement, and an end commits together with the fact that tells it. */
export class JobStore {
  constructor(private readonly database: Database, private readonly outbox: Outbox, private readonly owner: string) {}

  /** Writes the row of a new job, or returns the row that is there already. */
  async insert(manager: EntityManager, job: NewJob): Promise<{ inserted: boolean; job: JobEntity }> {
    const now = nowExpression(manager);
    const rows = await sql(manager)`
      INSERT INTO job (id, run_id, step, project, kind, spec, status, attempt, due_at, lease_epoch, traceparent, tracestate, fact_id, created_at)
      VALUES (${job.id}, ${job.runId}, ${job.step}, ${job.project}, ${job.kind.name}, ${JSON.stringify(job.spec ?? null)}, 'due', 0, ${now}, 0,
        ${job.trace?.traceparent ?? null}, ${job.trace?.tracestate ?? null}, ${newId()}, ${now})
      ON CONFLICT DO NOTHING RETURNING id`;
    return { inserted: rows.length > 0, job: await manager.findOneByOrFail(JobEntity, { id: job.id }) };
  }

  /**
   * Leases up to `limit` jobs: those that are due, and those whose lease has run out because their holder died or hung.
   * Each claim raises the epoch, so that the former holder can write no more.
   */
  claim(limit: number, leaseTime: number): Promise<JobEntity[]> {
    return this.database.transaction(async (manager) => {
      const now = nowExpression(manager);
      const rows = await sql(manager)<{ id: string }>`
        WITH picked AS MATERIALIZED (
          SELECT id FROM job
          WHERE (status = 'due' AND due_at <= ${now}) OR (status IN ('running', 'cancel-requested') AND lease_expires_at <= ${now})
          ORDER BY due_at, id LIMIT ${limit} ${lockForClaim(manager)}
        )
        UPDATE job SET
          status = CASE WHEN status = 'cancel-requested' THEN status ELSE 'running' END, attempt = attempt + 1,
          lease_owner = ${this.owner}, lease_epoch = lease_epoch + 1, lease_expires_at = ${now} + ${leaseTime}, started_at = COALESCE(started_at, ${now})
        WHERE id IN (SELECT id FROM picked) RETURNING id`;
      if (rows.length === 0) return [];
      return manager.find(JobEntity, { where: { id: In(rows.map(({ id }) => id)) }, order: { dueAt: 'ASC', id: 'ASC' } });
    });
  }

  /** Prolongs the lease. Returns what has become of the job; undefined when the lease is lost. */
  async renew(lease: Lease, leaseTime: number): Promise<JobStatus | undefined> {
    const { manager } = this.database.dataSource;
    const rows = await sql(manager)<{ status: JobStatus }>`
      UPDATE job SET lease_expires_at = ${nowExpression(manager)} + ${leaseTime}
      WHERE id = ${lease.id} AND lease_epoch = ${lease.epoch} AND status IN ('running', 'cancel-requested') RETURNING status`;
    return rows[0]?.status;
  }

  /** Commits the result and the fact that tells it. False when the lease is lost or the job was cancelled meanwhile: the result does not count. */
  succeed(lease: Lease, result: JobResult): Promise<boolean> {
    return this.end(lease, ['running'], 'succeeded', { outputs: result.outputs, metrics: result.metrics });
  }

  fail(lease: Lease, error: JobError): Promise<boolean> {
    return this.end(lease, ['running'], 'failed', { error });
  }

  cancelled(lease: Lease): Promise<boolean> {
    return this.end(lease, ['cancel-requested'], 'cancelled', {});
  }

  /** Makes the job due again, `delay` milliseconds from now. */
  async retry(lease: Lease, delay: number): Promise<boolean> {
    const { manager } = this.database.dataSource;
    const rows = await sql(manager)`
      UPDATE job SET status = 'due', due_at = ${nowExpression(manager)} + ${Math.round(delay)}, lease_owner = NULL, lease_expires_at = NULL
      WHERE id = ${lease.id} AND lease_epoch = ${lease.epoch} AND status = 'running' RETURNING id`;
    return rows.length > 0;
  }

  /** Gives the lease back without having used the attempt: the service stops. */
  async release(lease: Lease): Promise<void> {
    const { manager } = this.database.dataSource;
    await sql(manager)`
      UPDATE job SET status = CASE WHEN status = 'running' THEN 'due' ELSE status END, attempt = attempt - 1, lease_owner = NULL, lease_expires_at = 0
      WHERE id = ${lease.id} AND lease_epoch = ${lease.epoch} AND status IN ('running', 'cancel-requested') RETURNING id`;
  }

  /** Ends the leases of a former life of this owner, so that its jobs need not wait until they run out. */
  async reclaim(): Promise<void> {
    const { manager } = this.database.dataSource;
    await sql(manager)`UPDATE job SET lease_expires_at = 0 WHERE lease_owner = ${this.owner} AND status IN ('running', 'cancel-requested') RETURNING id`;
  }

  /**
   * A cancel request arrived. A job that nobody works on ends now; a running one is told; one that has ended tells its
   * end once more. Returns whether somebody is running it; undefined when it is not a job of this service.
   */
  async cancel(manager: EntityManager, jobId: string): Promise<'running' | 'ended' | undefined> {
    const told = await sql(manager)`UPDATE job SET status = 'cancel-requested' WHERE id = ${jobId} AND status IN ('running', 'cancel-requested') RETURNING id`;
    if (told.length > 0) return 'running';
    await sql(manager)`UPDATE job SET status = 'cancelled', finished_at = ${nowExpression(manager)} WHERE id = ${jobId} AND status = 'due' RETURNING id`;
    const job = await manager.findOneBy(JobEntity, { id: jobId });
    if (!job) return undefined;
    await this.sendFact(manager, job);
    return 'ended';
  }

  /** Fails a job that nobody has claimed: its request was not valid. */
  async refuse(manager: EntityManager, jobId: string, error: JobError): Promise<void> {
    await sql(manager)`UPDATE job SET status = 'failed', error = ${JSON.stringify(error)}, finished_at = ${nowExpression(manager)} WHERE id = ${jobId} AND status = 'due' RETURNING id`;
    await this.sendFact(manager, await manager.findOneByOrFail(JobEntity, { id: jobId }));
  }

  /** Sends the fact of a job that has ended; each time under the same event id. Does nothing for a job that has not. */
  async sendFact(manager: EntityManager, job: JobEntity): Promise<void> {
    const events = findStepKind(job.kind)?.events;
    if (!events) throw new PlatformError({ code: 'unknown-step-kind', message: `Expected a step kind with events; the job ${job.id} is of kind "${job.kind}".` });
    const identity = { jobId: job.id, runId: job.runId, step: job.step };
    const options = { project: job.project, id: job.factId };
    if (job.status === 'succeeded') await this.outbox.send(manager, events.completed, { ...identity, outputs: job.outputs ?? {}, metrics: job.metrics ?? {} }, options);
    else if (job.status === 'failed') await this.outbox.send(manager, events.failed, { ...identity, error: job.error ?? { code: 'internal', message: 'the reason was not kept' } }, options);
    else if (job.status === 'cancelled') await this.outbox.send(manager, events.cancelled, identity, options);
  }

  async counts(): Promise<JobCounts> {
    const { manager } = this.database.dataSource;
    const now = nowExpression(manager);
    const rows = await sql(manager)<{ due: number | null; running: number | null; age: number | null }>`
      SELECT SUM(CASE WHEN status = 'due' THEN 1 ELSE 0 END) AS due, SUM(CASE WHEN status IN ('running', 'cancel-requested') THEN 1 ELSE 0 END) AS running,
        MAX(CASE WHEN status = 'due' AND due_at <= ${now} THEN ${now} - due_at END) AS age
      FROM job WHERE status IN ('due', 'running', 'cancel-requested')`;
    const [row] = rows;
    return { due: Number(row?.due ?? 0), running: Number(row?.running ?? 0), oldestDue: Number(row?.age ?? 0) };
  }

  private end(lease: Lease, from: readonly JobStatus[], to: JobStatus, values: { outputs?: unknown; metrics?: unknown; error?: unknown }): Promise<boolean> {
    const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
    return this.database.transaction(async (manager) => {
      const rows = await sql(manager)`
        UPDATE job SET status = ${to}, outputs = ${json(values.outputs)}, metrics = ${json(values.metrics)}, error = ${json(values.error)},
          finished_at = ${nowExpression(manager)}, lease_owner = NULL, lease_expires_at = NULL
        WHERE id = ${lease.id} AND lease_epoch = ${lease.epoch} AND status IN ${[...from]} RETURNING id`;
      if (rows.length === 0) return false;
      await this.sendFact(manager, await manager.findOneByOrFail(JobEntity, { id: lease.id }));
      return true;
    });
  }
}
