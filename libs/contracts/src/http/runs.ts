import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { JobError, JobMetrics } from '../events/job-events.js';
import { JobProgress } from '../events/job-signals.js';
import { Id, Name, Project } from '../ids.js';
import { RecipeStep } from '../recipe.js';

export const RunStatus = z.enum(['running', 'succeeded', 'failed', 'cancelled']);
export const StepStatus = z.enum(['pending', 'running', 'succeeded', 'failed', 'cancelled', 'skipped']);

export const StepView = z.strictObject({
  name: Name, uses: z.string(), status: StepStatus, cached: z.boolean(),
  mayFail: z.literal(true).optional().describe('Its failure does not end the run.'), jobId: Id.nullable(), attempt: z.int(),
  inputs: z.record(z.string(), z.json()), outputs: z.record(z.string(), ArtifactRef), metrics: JobMetrics,
  error: JobError.nullable(), startedAt: z.iso.datetime().nullable(), finishedAt: z.iso.datetime().nullable(),
});
export type StepView = z.infer<typeof StepView>;

export const RunView = z.strictObject({
  id: Id, project: Name, recipe: Name, status: RunStatus, traceId: z.string(),
  event: z.record(z.string(), z.json()).describe('What started the run, such as {"dataset":"sha256:…"}, and the inputs that it was given.'),
  steps: z.array(StepView), createdAt: z.iso.datetime(), finishedAt: z.iso.datetime().nullable(),
});
export type RunView = z.infer<typeof RunView>;

/** Starts a run of an applied recipe, or of steps given here (what the single-step commands do). */
export const StartRun = z.union([
  z.strictObject({ recipe: Name, event: z.record(z.string(), z.json()).default({}), inputs: z.record(Name, z.json()).default({}).describe('By the names of the recipe\'s inputs.'), project: Project }),
  z.strictObject({ name: Name, steps: z.record(Name, RecipeStep), project: Project }),
]);
export type StartRun = z.input<typeof StartRun>;

/** Server-sent events of GET /v1/runs/{id}/events: `run` carries a RunView, `progress` this, `end` a last RunView. */
export const RunProgress = z.strictObject({ runId: Id, step: Name, jobId: Id, progress: JobProgress });
export type RunProgress = z.infer<typeof RunProgress>;
