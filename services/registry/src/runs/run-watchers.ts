import { Injectable } from '@nestjs/common';
import type { RunProgress } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import type { EntityManager, QueryRunner } from 'typeorm';

export interface RunWatcher {
  /** The run has changed. */
  changed(): void;
  progressed(progress: RunProgress): void;
}

/** How long after the end of a run its progress may still be on the way, in milliseconds. */
const lateProgress = 5000;

/** Who watches which run live, in this process. Hints only: what is true stands in the database. */
@Injectable()
export class RunWatchers {
  private readonly watchers = new Map<string, Set<RunWatcher>>();
  /** The last progress of each job of a running run, and when it came, so that a new watcher does not start with nothing. */
  private readonly lastProgress = new Map<string, Map<string, { readonly progress: RunProgress; readonly at: number }>>();

  /** When runs ended: progress that arrives a little later is of the job that has ended, and would be kept for ever. */
  private readonly endedAt = new Map<string, number>();

  private readonly uncommitted = new WeakMap<QueryRunner, Set<string>>();

  constructor(database: Database) {
    database.onCommit((runner) => {
      const runs = runner && this.uncommitted.get(runner);
      if (!runs) return;
      this.uncommitted.delete(runner);
      for (const runId of runs) for (const watcher of this.watchers.get(runId) ?? []) watcher.changed();
    });
  }

  watch(runId: string, watcher: RunWatcher): Disposable {
    const watchers = this.watchers.get(runId) ?? new Set();
    this.watchers.set(runId, watchers.add(watcher));
    for (const { progress } of this.lastProgress.get(runId)?.values() ?? []) watcher.progressed(progress);
    return {
      [Symbol.dispose]: () => {
        watchers.delete(watcher);
        if (watchers.size === 0 && this.watchers.get(runId) === watchers) this.watchers.delete(runId);
      },
    };
  }

  /** Tells the watchers once the transaction is committed. */
  changed(runId: string, transaction: EntityManager): void {
    const runner = transaction.queryRunner;
    if (!runner) return;
    const runs = this.uncommitted.get(runner) ?? new Set();
    this.uncommitted.set(runner, runs.add(runId));
  }

  progressed(progress: RunProgress): void {
    if (Date.now() - (this.endedAt.get(progress.runId) ?? 0) >= lateProgress) {
      const byStep = this.lastProgress.get(progress.runId) ?? new Map();
      this.lastProgress.set(progress.runId, byStep.set(progress.step, { progress, at: Date.now() }));
    }
    for (const watcher of this.watchers.get(progress.runId) ?? []) watcher.progressed(progress);
  }

  /** When the job last gave a sign of life to this process, in milliseconds since 1970; 0 for never. */
  lastSign({ runId, step, jobId }: Pick<RunProgress, 'runId' | 'step'> & { jobId: string | null }): number {
    const last = this.lastProgress.get(runId)?.get(step);
    return last?.progress.jobId === jobId ? last.at : 0;
  }

  ended(runId: string, transaction: EntityManager): void {
    this.lastProgress.delete(runId);
    const now = Date.now();
    for (const [id, at] of this.endedAt) if (now - at >= lateProgress) this.endedAt.delete(id);
    this.endedAt.set(runId, now);
    this.changed(runId, transaction);
  }
}
