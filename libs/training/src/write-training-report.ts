import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, writeFileAtomically } from '@tunesmith/checkpoints';
import { domainPlot } from './domains/domain-plot.js';
import { lossPlot } from './loss-plot.js';
import { learningRateAt } from './schedules.js';
import type { TrainOptions, TrainReport } from './train-options.js';
import { withoutFolders } from './without-folders.js';

/** `report.json`, the settings and what came of them, `loss.svg`, and `domains.svg` where the rows came from domains by weight. Apart from the weights, whose bytes do not depend on how fast they came. */
export async function writeTrainingReport(folder: string, options: TrainOptions, plannedSteps: number, report: TrainReport): Promise<void> {
  const settings = withoutFolders(options);
  const learningRates = report.loss.map((_, step) => learningRateAt(step, { ...settings, peak: settings.learningRate, steps: plannedSteps, name: settings.schedule }));
  await mkdir(folder, { recursive: true });
  await writeFileAtomically(join(folder, 'report.json'), jsonText({ settings, plannedSteps, ...report }));
  const title = `${report.method}, ${report.objective}: ${report.steps} steps on ${report.rows} rows`;
  await writeFileAtomically(join(folder, 'loss.svg'), lossPlot({ title, loss: report.loss, evaluations: report.evaluations ?? [], learningRates }));
  const evaluations = (report.evaluations ?? []).flatMap(({ step, domains }) => (domains ? [{ step, domains }] : []));
  if (evaluations.length > 0) await writeFileAtomically(join(folder, 'domains.svg'), domainPlot(evaluations));
}
