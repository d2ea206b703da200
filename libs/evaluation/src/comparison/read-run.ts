import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EvaluationError } from '../evaluation-error.js';
import { mean } from '../mean.js';
import type { ComparedRun } from './compared-rows.js';

/** What tuning took, as a training's report names it. */
const reported = ['trainableParameters', 'totalParameters', 'rowsPerSecond', 'processorSecondsPerRow', 'peakMemoryBytes'] as const;

/** Null for a folder that there is none of. @throws EvaluationError `comparison-report-invalid` */
export async function readRun(label: string, evaluationFolder: string | null, reportFolder: string | null, error: string | null): Promise<ComparedRun> {
  const trained = reportFolder === null ? undefined : await trainingOf(reportFolder);
  const missing = error ?? (evaluationFolder === null ? 'it was not evaluated' : undefined);
  return { label, metrics: evaluationFolder === null ? {} : await metricsOf(evaluationFolder), cost: {}, ...trained, ...(missing !== undefined && { error: missing }) };
}

async function metricsOf(folder: string): Promise<Record<string, number>> {
  const { tasks, groups } = await readReport<{ tasks?: Record<string, { metrics?: Record<string, number> }>; groups?: Record<string, { metrics?: Record<string, number> }> }>(join(folder, 'results.json'), 'an evaluation');
  return Object.fromEntries(Object.entries({ ...groups, ...tasks }).flatMap(([task, { metrics = {} }]) => Object.entries(metrics).map(([name, value]) => [`${task}.${name}`, value])));
}

async function trainingOf(folder: string): Promise<Pick<ComparedRun, 'cost' | 'loss'>> {
  const report = await readReport<Readonly<Record<string, unknown>>>(join(folder, 'report.json'), 'a training');
  const cost: Record<string, number> = Object.fromEntries(reported.flatMap((key) => (typeof report[key] === 'number' ? [[key, report[key]]] : [])));
  const [learning, all] = [cost['trainableParameters'], cost['totalParameters']];
  if (learning !== undefined && all !== undefined && all > 0) cost['trainableShare'] = learning / all;
  const loss = Array.isArray(report['loss']) ? report['loss'].filter((value): value is number => typeof value === 'number') : [];
  if (loss.length === 0) return { cost };
  // One batch says little: the mean of the last tenth.
  return { loss, cost: { ...cost, finalLoss: mean(loss.slice(-Math.ceil(loss.length / 10))) } };
}

async function readReport<Report>(path: string, what: string): Promise<Report> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Report;
  } catch (cause) {
    throw new EvaluationError({ message: `expected the report of ${what} in ${path}; ${(cause as Error).message}`, code: 'comparison-report-invalid', facts: { path }, cause });
  }
}
