import type { RunStatus, RunView, StepView } from '@tunesmith/contracts';
import { In, type EntityManager } from 'typeorm';
import type { z } from 'zod';
import { NotFoundError } from '../errors.js';
import { serialize } from '../serialize.js';
import { RunStepEntity } from './run-step.entity.js';
import { RunEntity } from './run.entity.js';

export interface RunWithSteps {
  readonly run: RunEntity;
  /** In the order in which they are shown and started. */
  readonly steps: RunStepEntity[];
}

/** Runs and their steps. Ids are unique over all projects. */
export class RunsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** The run, with no other transaction deciding about it until this one ends. */
  async lock(id: string): Promise<RunWithSteps | undefined> {
    await serialize(this.manager, `run ${id}`);
    return this.find(id);
  }

  async find(id: string): Promise<RunWithSteps | undefined> {
    const run = await this.manager.findOneBy(RunEntity, { id });
    return run ? { run, steps: await this.manager.find(RunStepEntity, { where: { runId: id }, order: { position: 'ASC' } }) } : undefined;
  }

  /** @throws NotFoundError */
  async show(id: string): Promise<RunView> {
    const found = await this.find(id);
    if (!found) throw unknownRun(id);
    return viewOf(found);
  }

  /** Newest first. */
  async list({ project, status, limit }: { project: string; status?: z.infer<typeof RunStatus> | undefined; limit: number }): Promise<RunView[]> {
    const runs = await this.manager.find(RunEntity, { where: { project, ...(status ? { status } : {}) }, order: { createdAt: 'DESC', id: 'DESC' }, take: limit });
    const steps = await this.manager.find(RunStepEntity, { where: { runId: In(runs.map(({ id }) => id)) }, order: { position: 'ASC' } });
    const byRun = Map.groupBy(steps, ({ runId }) => runId);
    return runs.map((run) => viewOf({ run, steps: byRun.get(run.id) ?? [] }));
  }
}

export function unknownRun(id: string): NotFoundError {
  return new NotFoundError({ code: 'run-unknown', message: `expected the id of a run; got ${id}; see \`tunesmith run list\``, facts: { id } });
}

export function viewOf({ run, steps }: RunWithSteps): RunView {
  const { id, project, recipe, status, traceId, event, createdAt, finishedAt } = run;
  return { id, project, recipe, status, traceId, event, steps: steps.map(stepViewOf), createdAt, finishedAt };
}

function stepViewOf({ name, uses, status, cached, mayFail, jobId, attempt, spec, config, outputs, metrics, error, startedAt, finishedAt }: RunStepEntity): StepView {
  return { name, uses, status, cached, ...(mayFail && { mayFail }), jobId, attempt, inputs: spec ?? config, outputs, metrics, error, startedAt, finishedAt };
}
