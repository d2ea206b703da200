import { CancelledPayload, CompletedPayload, DatasetRegistered, FailedPayload, findStepKind, newId, stepKinds, GateSpec, PromoteSpec, type EventDefinition, type FinishedSpan, type JobError, type StepKind } from '@tunesmith/contracts';
import { ArtifactStore, done, Handles, isRetryable, jobErrorOf, PlatformError, skipped, Telemetry, type Delivery, type Outcome } from '@tunesmith/platform';
import type { z } from 'zod';
import { ContentDigests } from './runs/content-digest.js';
import { decideGate, decidePromotion, type Decision } from './runs/decide-step.js';
import type { Ledger } from './runs/ledger.js';
import { recordResult } from './runs/record-result.js';
import { resolveSpec } from './runs/resolve-spec.js';
import type { RunStepEntity } from './runs/run-step.entity.js';
import { newSpanId, spanOfRun, spanOfStep, traceparentOf } from './runs/run-trace.js';
import { RunWatchers } from './runs/run-watchers.js';
import { RunsRepository, type RunWithSteps } from './runs/runs.repository.js';
import { cacheKey, findResult } from './runs/step-cache.js';
import { StoppingJobEntity } from './runs/stopping-job.entity.js';
import { SpansRepository } from './traces/spans.repository.js';

type JobFact = EventDefinition<typeof CompletedPayload> | EventDefinition<typeof FailedPayload> | EventDefinition<typeof CancelledPayload>;
type StepEnd = { readonly status: 'succeeded' } & Pick<Decision, 'outputs' | 'metrics'> | { readonly status: 'failed'; readonly error: JobError; readonly metrics?: Decision['metrics'] } | { readonly status: 'cancelled' };

const facts: readonly JobFact[] = stepKinds.flatMap(({ events }) => (events ? [events.completed, events.failed, events.cancelled] : []));
const requests: readonly EventDefinition[] = stepKinds.flatMap(({ events }) => (events ? [events.requested] : []));

/**
 * Decides what comes next in a run; nothing else does. It hears how each job ended, notes what was made, and starts every step whose needs
 * have succeeded. Gates and promotions it decides itself.
 *
 * Safe to hear anything twice, late or out of order: a fact counts only while its job is the current one of a running step.
 */
@Handles(facts, { emits: [...requests, DatasetRegistered] })
export class AdvanceRunHandler {
  constructor(private readonly artifacts: ArtifactStore, private readonly watchers: RunWatchers, private readonly telemetry: Telemetry, private readonly digests: ContentDigests) {}

  async handle(fact: z.output<typeof CompletedPayload> | z.output<typeof FailedPayload> | z.output<typeof CancelledPayload>, delivery: Delivery): Promise<Outcome> {
    await delivery.transaction.delete(StoppingJobEntity, { jobId: fact.jobId });
    const found = await new RunsRepository(delivery.transaction).lock(fact.runId);
    const step = found?.steps.find(({ jobId }) => jobId === fact.jobId);
    if (!found || !step) return skipped(`job ${fact.jobId} is not the current job of a step`);
    if (step.status !== 'running') return skipped(`step ${step.name} of run ${fact.runId} is ${step.status} already`);
    await this.endStep(found, step, endOf(fact), delivery);
    await this.advance(found, delivery);
    return done();
  }

  /** Starts what can start and ends what has ended. The caller holds the run's lock. */
  async advance(found: RunWithSteps, ledger: Ledger): Promise<void> {
    const { run, steps } = found;
    if (run.status !== 'running') return;
    for (let moved = true; moved; ) {
      moved = false;
      for (const step of steps.filter(({ status }) => status === 'pending')) {
        const needed = steps.filter(({ name }) => step.needs.includes(name));
        const lost = needed.find(({ status }) => status === 'failed' || status === 'skipped');
        if (steps.some(endsTheRun)) {
          // After a failure nothing new starts; what runs may end, so that a resumed run has it.
          step.status = 'skipped';
          await ledger.transaction.save(step);
        } else if (needed.every(({ status }) => ended.has(status))) {
          if (lost && step.mayFail) await this.skipAfter(lost, step, ledger);
          else await this.startStep(found, step, ledger);
          moved = true;
        }
      }
    }
    if (steps.every(({ status }) => status !== 'pending' && status !== 'running')) await this.endRun(found, ledger);
    else this.watchers.changed(run.id, ledger.transaction);
  }

  /** Ends a running run and all its steps as cancelled, which is final. The caller holds the run's lock and tells the jobs. */
  async cancel(found: RunWithSteps, ledger: Ledger): Promise<void> {
    for (const step of found.steps.filter(({ status }) => status === 'pending' || status === 'running')) await this.endStep(found, step, { status: 'cancelled' }, ledger);
    await this.endRun(found, ledger);
  }

  /** What a step that may fail needs was not made: it says what became of that. */
  private async skipAfter(lost: RunStepEntity, step: RunStepEntity, { transaction }: Ledger): Promise<void> {
    step.status = 'skipped';
    step.error = lost.error;
    await transaction.save(step);
  }

  private async startStep(found: RunWithSteps, step: RunStepEntity, ledger: Ledger): Promise<void> {
    step.status = 'running';
    step.attempt += 1;
    step.startedAt = new Date().toISOString();
    step.spanId = newSpanId();
    try {
      const kind = kindOf(step);
      step.spec = await resolveSpec(step, kind, found.steps, ledger.transaction);
      if (!kind.events) {
        const { outputs, metrics, refusal } = await this.decide(found, step, ledger);
        return await this.endStep(found, step, refusal ? { status: 'failed', error: jobErrorOf(refusal), metrics } : { status: 'succeeded', outputs, metrics }, ledger);
      }
      step.cacheKey = cacheKey(kind, step.spec, step.contentDigest);
      const known = step.cacheKey === null ? undefined : await findResult(ledger.transaction, this.artifacts, step.project, step.cacheKey);
      step.cached = known !== undefined;
      if (known) return await this.endStep(found, step, { status: 'succeeded', outputs: known.outputs, metrics: known.metrics }, ledger);
      // The id of the job is the id of its request: however often it is sent, it is one job.
      step.jobId = newId();
      step.sentAt = step.startedAt;
      await sendRequest(found, step, ledger);
      await ledger.transaction.save(step);
    } catch (error) {
      if (!(error instanceof PlatformError) || isRetryable(error)) throw error;
      await this.endStep(found, step, { status: 'failed', error: jobErrorOf(error) }, ledger);
    }
  }

  private async decide({ run, steps }: RunWithSteps, step: RunStepEntity, { transaction }: Ledger): Promise<Decision> {
    if (step.uses === 'promote') return decidePromotion(PromoteSpec.parse(step.spec), transaction, run.project, run.id);
    const needed = Object.fromEntries(steps.filter(({ name }) => step.needs.includes(name)).map(({ name, metrics }) => [name, metrics]));
    return decideGate(GateSpec.parse(step.spec), needed);
  }

  private async endStep({ run }: RunWithSteps, step: RunStepEntity, end: StepEnd, ledger: Ledger): Promise<void> {
    step.status = end.status;
    step.finishedAt = new Date().toISOString();
    step.error = end.status === 'failed' ? end.error : null;
    if (end.status === 'succeeded') step.outputs = end.outputs;
    if (end.status !== 'cancelled') step.metrics = end.metrics ?? {};
    if (end.status === 'succeeded') {
      if (!step.cached && !(await this.readWhatWasMeant(step))) step.cacheKey = null;
      await recordResult(step, kindOf(step), ledger);
    }
    await ledger.transaction.save(step);
    if (step.spanId !== null) await this.record(run.project, spanOfStep(run, step, step.spanId), ledger);
  }

  /** A file that was changed while it was imported is not what its digest says: such a result is this run's only. */
  private async readWhatWasMeant({ contentDigest, config }: RunStepEntity): Promise<boolean> {
    if (contentDigest === null || config['upload'] !== undefined) return true;
    return this.digests.stillIs(String(config['path']), contentDigest);
  }

  private async endRun({ run, steps }: RunWithSteps, ledger: Ledger): Promise<void> {
    const has = (wanted: string): boolean => steps.some(({ status }) => status === wanted);
    run.status = has('cancelled') ? 'cancelled' : steps.some(endsTheRun) ? 'failed' : 'succeeded';
    run.finishedAt = new Date().toISOString();
    await ledger.transaction.save(run);
    await this.record(run.project, spanOfRun(run), ledger);
    this.watchers.ended(run.id, ledger.transaction);
  }

  /** Into the database, where nothing is lost, and to the exporters. */
  private async record(project: string, span: FinishedSpan, { transaction }: Ledger): Promise<void> {
    await new SpansRepository(transaction).replace(project, span);
    this.telemetry.record([span]);
  }
}

const ended: ReadonlySet<string> = new Set(['succeeded', 'failed', 'skipped']);

function endsTheRun({ status, mayFail }: RunStepEntity): boolean {
  return status === 'cancelled' || (status === 'failed' && !mayFail);
}

/** Sends the request of a running step, for the first time or again: it keeps its id. */
export async function sendRequest({ run }: RunWithSteps, step: RunStepEntity, { send }: Ledger): Promise<void> {
  const requested = kindOf(step).events?.requested;
  if (!requested || step.jobId === null || step.spanId === null) return;
  await send(requested, { jobId: step.jobId, runId: run.id, step: step.name, spec: step.spec }, { id: step.jobId, project: run.project, traceparent: traceparentOf(run.traceId, step.spanId) });
}

function endOf(fact: z.output<typeof CompletedPayload> | z.output<typeof FailedPayload> | z.output<typeof CancelledPayload>): StepEnd {
  if ('outputs' in fact) return { status: 'succeeded', outputs: fact.outputs, metrics: fact.metrics };
  return 'error' in fact ? { status: 'failed', error: fact.error } : { status: 'cancelled' };
}

function kindOf(step: RunStepEntity): StepKind {
  const kind = findStepKind(step.uses);
  if (!kind) throw new PlatformError({ code: 'step-kind-unknown', message: `expected a step kind that this version knows (${stepKinds.map(({ name }) => name).join(', ')}); step ${step.name} uses "${step.uses}"; start the run with the version that made it` });
  return kind;
}
