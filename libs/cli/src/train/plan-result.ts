import type { CommandResult } from '../command.js';
import type { FinishedJob } from '../runs/run-job.js';
import { formatBytes, formatCount, formatDuration } from '../terminal/format.js';
import { table } from '../terminal/table.js';

/** What a training would take. */
export function planResult({ run, step: { metrics } }: FinishedJob): CommandResult {
  const figure = (name: string): number => (typeof metrics[name] === 'number' ? metrics[name] : NaN);
  const parts = Object.entries(metrics['memoryParts'] ?? {}).map(([name, bytes]) => `${name} ${formatBytes(Number(bytes))}`);
  const rows = [
    ['steps', `${figure('steps')}, ${Number(figure('epochs').toPrecision(3))} epochs of ${formatCount(figure('rows'))} rows`],
    ['tokens', `${formatCount(figure('tokens'))}, ${formatCount(figure('tokensPerStep'))} a step, ${formatCount(figure('largestPassTokens'))} in the largest pass`],
    ['parameters', `${formatCount(figure('trainableParameters'))} learn of ${formatCount(figure('totalParameters'))}`],
    ['peak memory', `${formatBytes(figure('predictedPeakMemoryBytes'))} = ${parts.join(' + ')}`],
    ['time', `${formatDuration(figure('predictedSeconds') * 1000)} at ${formatCount(Math.round(figure('predictedTokensPerSecond')))} tokens/s${evaluationTime(figure('evaluations'), figure('predictedEvaluationSeconds'))}`],
  ];
  return { document: { ...metrics, run: run.id }, lines: table(['', ''], rows).slice(1) };
}

function evaluationTime(evaluations: number, seconds: number): string {
  return evaluations > 0 ? `, ${formatDuration(seconds * 1000)} of it for ${evaluations === 1 ? 'an evaluation' : `${evaluations} evaluations`}` : '';
}
