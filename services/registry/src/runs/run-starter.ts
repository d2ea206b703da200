import { Injectable } from '@nestjs/common';
import { findStepKind, issueMessage, newId, Recipe, type RecipeStep, type RunView } from '@tunesmith/contracts';
import { Telemetry } from '@tunesmith/platform';
import type { EntityManager } from 'typeorm';
import { AdvanceRunHandler } from '../advance-run.handler.js';
import { insertRow } from '../rows.js';
import { stepProblemsError, type StepProblem } from './check-steps.js';
import type { Json } from './expression.js';
import type { Ledger } from './ledger.js';
import { planRun, type RunPlan } from './plan-run.js';
import { RunStepEntity } from './run-step.entity.js';
import { RunSurroundings } from './run-surroundings.js';
import { RunEntity } from './run.entity.js';
import { viewOf, type RunWithSteps } from './runs.repository.js';

/** What a new run is made of. */
export interface RunRequest {
  readonly project: string;
  readonly recipe: string;
  readonly recipeVersion: number | null;
  readonly steps: Readonly<Record<string, RecipeStep>>;
  readonly event: Readonly<Record<string, Json>>;
}

/** Makes runs. What happens in them is decided by the advance-run handler. */
@Injectable()
export class RunStarter {
  constructor(private readonly advanceRun: AdvanceRunHandler, private readonly surroundings: RunSurroundings, private readonly telemetry: Telemetry) {}

  /** Looks up everything that the steps refer to. Paths are read, which may take long: only what names none should give a `transaction`. */
  plan({ project, steps, event }: RunRequest, transaction?: EntityManager): Promise<RunPlan> {
    return planRun(steps, event, this.surroundings.of(project, transaction));
  }

  /** Starts a run whose plan has no problems. */
  async start(request: RunRequest, plan: RunPlan, ledger: Ledger): Promise<RunView> {
    if (plan.problems.length > 0) throw stepProblemsError(plan.problems);
    const found = await this.create(request, plan.steps.map((step, position) => ({ ...blankStep, ...step, needs: [...step.needs], config: { ...step.config }, position })), ledger);
    await this.advanceRun.advance(found, ledger);
    return viewOf(found);
  }

  /** Notes a run that an event asked for and that cannot start: it has failed in the steps with problems, so that somebody sees it. */
  async startFailed(request: RunRequest, problems: readonly StepProblem[], ledger: Ledger): Promise<RunView> {
    const steps = Object.entries(request.steps).map(([name, step], position) => {
      const own = problems.filter((problem) => problem.step === name);
      const error = own.length > 0 ? { code: own[0]!.code, message: own.map(({ key, message }) => (key ? `${key}: ${message}` : message)).join('; '), facts: {} } : null;
      const finishedAt = error ? new Date().toISOString() : null;
      return { ...blankStep, name, uses: step.uses, needs: step.needs, config: step.with, mayFail: step.mayFail ?? false, position, status: error ? ('failed' as const) : ('pending' as const), error, finishedAt };
    });
    const found = await this.create(request, steps, ledger);
    await this.advanceRun.advance(found, ledger);
    return viewOf(found);
  }

  private async create(request: RunRequest, steps: readonly Omit<RunStepEntity, 'runId' | 'project'>[], { transaction }: Ledger): Promise<RunWithSteps> {
    const { project, recipe, recipeVersion, event } = request;
    const { traceId, spanId } = this.telemetry.startTrace();
    const row: RunEntity = {
      id: newId(), project, recipe, recipeVersion, status: 'running', event: { ...event }, traceId, spanId, causedBy: this.telemetry.carrier()?.traceparent ?? null,
      createdAt: new Date().toISOString(), finishedAt: null,
    };
    const run = Object.assign(new RunEntity(), row);
    await insertRow(transaction, RunEntity, run);
    const entities = steps.map((step) => Object.assign(new RunStepEntity(), { ...step, runId: run.id, project }));
    for (const entity of entities) await insertRow(transaction, RunStepEntity, entity);
    return { run, steps: entities };
  }
}

const blankStep = {
  contentDigest: null, status: 'pending' as const, cached: false, jobId: null, attempt: 0, spec: null, cacheKey: null, outputs: {}, metrics: {}, error: null,
  spanId: null, startedAt: null, finishedAt: null, sentAt: null,
};

/** The steps that a command gives, checked as those of an applied recipe are. @throws RefusedError */
export function checkedSteps(name: string, steps: Readonly<Record<string, RecipeStep>>): Readonly<Record<string, RecipeStep>> {
  const parsed = Recipe.safeParse({ name, steps });
  if (parsed.success) return steps;
  throw stepProblemsError(parsed.error.issues.map((issue): StepProblem => {
    const [, step, ...key] = issue.path.map(String);
    const known = step !== undefined && findStepKind(steps[step]?.uses ?? '') ? key.filter((part, index) => index > 0 || part !== 'with') : key;
    return { step: step ?? 'steps', code: 'recipe-invalid', message: issueMessage(issue, { name, steps }), ...(known.length > 0 ? { key: known.join('.') } : {}) };
  }));
}
