import { Injectable } from '@nestjs/common';
import type { RunView } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import { AdvanceRunHandler } from '../advance-run.handler.js';
import { ConflictError } from '../errors.js';
import { insertNewRows } from '../rows.js';
import { JobStopper } from './job-stopper.js';
import type { Ledger } from './ledger.js';
import { Ledgers } from './ledgers.js';
import type { Located } from './plan-run.js';
import { RunSurroundings } from './run-surroundings.js';
import { RunsRepository, unknownRun, viewOf, type RunWithSteps } from './runs.repository.js';
import { StoppingJobEntity } from './stopping-job.entity.js';

/** What a person may do to a run. */
@Injectable()
export class RunControl {
  constructor(
    private readonly database: Database,
    private readonly ledgers: Ledgers,
    private readonly advanceRun: AdvanceRunHandler,
    private readonly stopper: JobStopper,
    private readonly surroundings: RunSurroundings,
  ) {}

  /**
   * Cancels a run. Final at once: its running jobs are told to stop, again and again until they have, and what they still deliver is not
   * taken. Cancelling twice is cancelling once.
   */
  async cancel(id: string): Promise<RunView> {
    return this.ledgers.write((ledger) => this.cancelWith(id, ledger));
  }

  private async cancelWith(id: string, ledger: Ledger): Promise<RunView> {
    const found = await this.lock(id, ledger);
    const { run, steps } = found;
    if (run.status === 'succeeded' || run.status === 'failed') {
      throw new ConflictError({ code: 'run-ended', message: `expected a running run to cancel; run ${id} has ${run.status} already`, facts: { id, status: run.status } });
    }
    if (run.status === 'cancelled') return viewOf(found);
    const now = new Date().toISOString();
    const jobs = steps.flatMap(({ status, jobId }) => (status === 'running' && jobId !== null ? [jobId] : []));
    await insertNewRows(ledger.transaction, StoppingJobEntity, jobs.map((jobId) => ({ jobId, project: run.project, requestedAt: now, sentAt: now })));
    await this.advanceRun.cancel(found, ledger);
    this.stopper.stopAfterCommit(jobs, run.project, ledger.transaction);
    return viewOf(found);
  }

  /**
   * Runs the failed, cancelled and skipped steps of an ended run again, as new attempts; what has succeeded is kept. Paths are read anew:
   * a file that was mended is what the new attempt imports.
   */
  async resume(id: string): Promise<RunView> {
    const outside = await this.readAgain(id);
    return this.ledgers.write((ledger) => this.resumeWith(id, outside, ledger));
  }

  /** What stands outside, by step, for the import steps that have to run again. May read large files, so it is no part of the transaction. */
  private async readAgain(id: string): Promise<Map<string, Located>> {
    const found = await new RunsRepository(this.database.dataSource.manager).find(id);
    const outside = new Map<string, Located>();
    for (const { name, status, uses, config, project } of found?.steps ?? []) {
      if (status === 'succeeded' || !uses.startsWith('import-') || config['path'] === undefined || config['upload'] !== undefined) continue;
      outside.set(name, await this.surroundings.of(project).locate(String(config['path'])));
    }
    return outside;
  }

  private async resumeWith(id: string, outside: ReadonlyMap<string, Located>, ledger: Ledger): Promise<RunView> {
    const found = await this.lock(id, ledger);
    const { run, steps } = found;
    if (run.status === 'succeeded' || run.status === 'running') {
      throw new ConflictError({ code: 'run-not-resumable', message: `expected a failed or cancelled run to resume; run ${id} ${run.status === 'running' ? 'is running' : 'has succeeded'}`, facts: { id, status: run.status } });
    }
    run.status = 'running';
    run.finishedAt = null;
    await ledger.transaction.save(run);
    for (const step of steps.filter(({ status }) => status !== 'succeeded')) {
      Object.assign(step, { status: 'pending', contentDigest: outside.get(step.name)?.contentDigest ?? step.contentDigest, jobId: null, cached: false, outputs: {}, metrics: {}, error: null, startedAt: null, finishedAt: null, sentAt: null });
      await ledger.transaction.save(step);
    }
    await this.advanceRun.advance(found, ledger);
    return viewOf(found);
  }

  private async lock(id: string, { transaction }: Ledger): Promise<RunWithSteps> {
    const found = await new RunsRepository(transaction).lock(id);
    if (!found) throw unknownRun(id);
    return found;
  }
}
