import type { RunView, StepView } from '@tunesmith/contracts';
import type { CommandResult } from '../command.js';
import { formatDuration, formatTime } from '../terminal/format.js';
import { table } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';
import { whatHelps } from './what-helps.js';
import { describeMetrics } from './describe-metrics.js';

/** A run as a result: bad news where it failed or was cancelled. */
export function runResult(run: RunView, terminal: Terminal): CommandResult {
  return { document: run, lines: describeRun(run, terminal), failed: run.status === 'failed' || run.status === 'cancelled' };
}

/** A run with its steps, outputs, metrics and errors, and how to get what its last step made. */
export function describeRun(run: RunView, terminal: Terminal): string[] {
  const colour = { running: 'cyan', succeeded: 'green', failed: 'red', cancelled: 'yellow' } as const;
  const rows = run.steps.map((step) => [step.name, step.uses, step.cached ? 'cached' : step.status, durationOf(step), Object.entries(step.outputs).map(([name, ref]) => `${name}=${ref.digest.slice(0, 19)}`).join(' ')]);
  return [
    `${run.recipe}  ${run.id}  ${terminal.paint(colour[run.status], run.status)}  ${formatTime(run.createdAt)}${run.finishedAt ? `  ${formatDuration(Date.parse(run.finishedAt) - Date.parse(run.createdAt))}` : ''}`,
    ...table(['STEP', 'USES', 'STATUS', 'TIME', 'OUTPUTS'], rows, ['TIME']),
    ...run.steps.flatMap((step) => {
      const metrics = describeMetrics(step.metrics, terminal.columns);
      const lines = step.error ? [`  ${step.error.message} (${step.error.code})`] : [];
      return metrics.length + lines.length > 0 ? [`${step.name}:`, ...metrics, ...lines] : [];
    }),
    ...(run.status === 'succeeded' ? Object.entries(run.steps.at(-1)?.outputs ?? {}).map(([name, { digest }]) => `copy the files of ${name}: tunesmith model export ${digest} --out DIR`) : []),
    ...(run.status === 'failed' || run.status === 'cancelled' ? whatHelps(run).map((line) => `to go on: ${line}`) : []),
  ];
}

function durationOf(step: StepView): string {
  if (!step.startedAt || step.cached) return '';
  return formatDuration((step.finishedAt ? Date.parse(step.finishedAt) : Date.now()) - Date.parse(step.startedAt));
}
