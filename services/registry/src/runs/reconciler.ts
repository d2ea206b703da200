import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DatasetRegistered } from '@tunesmith/contracts';
import { BackgroundLoop, Database } from '@tunesmith/platform';
import { In, IsNull, LessThan } from 'typeorm';
import { sendRequest } from '../advance-run.handler.js';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { DatasetVersionEntity } from '../datasets/dataset-version.entity.js';
import { SpansRepository } from '../traces/spans.repository.js';
import { Uploads } from '../uploads/uploads.js';
import { JobStopper } from './job-stopper.js';
import { Ledgers } from './ledgers.js';
import { RunStepEntity } from './run-step.entity.js';
import { RunWatchers } from './run-watchers.js';
import { RunsRepository } from './runs.repository.js';
import { StoppingJobEntity } from './stopping-job.entity.js';

const second = 1000;
const day = 24 * 60 * 60 * second;

/** A round that finds nothing costs four short queries. */
const roundMilliseconds = 2 * second;
/** What is not answered after this long is sent again; the receiver knows it by its id. */
const patienceMilliseconds = 10 * second;
/** A step that runs for hours is asked about at growing intervals, but never less often than this. */
const longestPatienceMilliseconds = 60 * second;
/** A job that nobody has claimed to have stopped for this long never reached a service. */
const stoppingMilliseconds = day;
const spansMilliseconds = 30 * day;
/** An upload that was begun this long ago and is not complete will not be. */
const uploadsMilliseconds = 7 * day;

/**
 * Makes what the database says is due happen, whatever became of the messages: sends again the requests of running steps, the arrivals
 * that nobody heard, and the signals to jobs that should stop. So a broker that lost everything loses no run.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new BackgroundLoop({ name: 'Reconciler', everyMilliseconds: roundMilliseconds, body: () => this.round(new Date()) });
  private nextCleaning = 0;

  constructor(
    private readonly database: Database,
    private readonly ledgers: Ledgers,
    private readonly stopper: JobStopper,
    private readonly watchers: RunWatchers,
    private readonly uploads: Uploads,
  ) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** One round, as of `now`. */
  async round(now: Date): Promise<void> {
    const before = new Date(now.getTime() - patienceMilliseconds).toISOString();
    await this.repeatRequests(before, now);
    await this.repeatArrivals(before, now);
    await this.repeatStops(before, now);
    if (now.getTime() < this.nextCleaning) return;
    this.nextCleaning = now.getTime() + day / 24;
    await new SpansRepository(this.database.dataSource.manager).forgetBefore(new Date(now.getTime() - spansMilliseconds));
    await this.uploads.forgetBefore(new Date(now.getTime() - uploadsMilliseconds));
    await this.database.dataSource.manager.delete(StoppingJobEntity, { requestedAt: LessThan(new Date(now.getTime() - stoppingMilliseconds).toISOString()) });
  }

  private async repeatRequests(before: string, now: Date): Promise<void> {
    const unanswered = await this.database.dataSource.manager.findBy(RunStepEntity, { status: 'running', sentAt: LessThan(before) });
    // A job that tells how far it is has its request.
    const due = unanswered.filter((step) => isDue(step, now) && this.watchers.lastSign({ runId: step.runId, step: step.name, jobId: step.jobId }) < Date.parse(before));
    for (const runId of new Set(due.map((step) => step.runId))) {
      await this.ledgers.write(async (ledger) => {
        const found = await new RunsRepository(ledger.transaction).lock(runId);
        // Meanwhile a fact may have come: what is decided is decided under the lock.
        for (const step of found?.steps.filter((each) => each.status === 'running' && due.some(({ jobId }) => jobId === each.jobId)) ?? []) {
          await sendRequest(found!, step, ledger);
          step.sentAt = now.toISOString();
          await ledger.transaction.save(step);
        }
      });
    }
  }

  private async repeatArrivals(before: string, now: Date): Promise<void> {
    const unheard = await this.database.dataSource.manager.findBy(DatasetVersionEntity, { heardAt: IsNull(), sentAt: LessThan(before) });
    for (const { id, project, name, version, digest, rows } of unheard) {
      await this.ledgers.write(async ({ transaction, send }) => {
        const artifact = await new ArtifactsRepository(transaction, project).require(digest, 'dataset');
        await send(DatasetRegistered, { datasetId: id, name, version, artifact, rows }, { id, project });
        await transaction.update(DatasetVersionEntity, { id }, { sentAt: now.toISOString() });
      });
    }
  }

  private async repeatStops(before: string, now: Date): Promise<void> {
    const { manager } = this.database.dataSource;
    const stopping = await manager.findBy(StoppingJobEntity, { sentAt: LessThan(before) });
    for (const { jobId, project } of stopping) this.stopper.stop(jobId, project);
    if (stopping.length > 0) await manager.update(StoppingJobEntity, { jobId: In(stopping.map(({ jobId }) => jobId)) }, { sentAt: now.toISOString() });
  }
}

/** Sent 10, 20, 40, 80 seconds after the step began, and then once a minute. */
function isDue({ sentAt, startedAt }: RunStepEntity, now: Date): boolean {
  if (sentAt === null) return false;
  const sent = Date.parse(sentAt);
  const waited = sent - Date.parse(startedAt ?? sentAt);
  return now.getTime() - sent >= Math.min(Math.max(waited, patienceMilliseconds), longestPatienceMilliseconds);
}
