import type { RunView, StepView } from '@tunesmith/contracts';

export const sampleRunId = '0194d3f0-0000-7000-8000-000000000001';
export const sampleDigest = `sha256:${'ab'.repeat(32)}`;

/** A step of a run, running unless said otherwise. */
export function sampleStep(changes: Partial<StepView> = {}): StepView {
  return {
    name: 'train', uses: 'train', status: 'running', cached: false, jobId: '0194d3f0-0000-7000-8000-000000000002', attempt: 1,
    inputs: {}, outputs: {}, metrics: {}, error: null, startedAt: '2026-11-21T12:00:00.000Z', finishedAt: null, ...changes,
  };
}

export function sampleRun(changes: Partial<RunView> = {}): RunView {
  return {
    id: sampleRunId, project: 'default', recipe: 'train', status: 'running', traceId: 'a'.repeat(32), event: {}, steps: [sampleStep()],
    createdAt: '2026-11-21T12:00:00.000Z', finishedAt: null, ...changes,
  };
}

/** The run of `step` as it ends well. */
export function succeededRun(step: Partial<StepView>): RunView {
  return sampleRun({ status: 'succeeded', finishedAt: '2026-11-21T12:01:12.000Z', steps: [sampleStep({ status: 'succeeded', finishedAt: '2026-11-21T12:01:12.000Z', ...step })] });
}
