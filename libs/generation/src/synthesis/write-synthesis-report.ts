import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SynthesisReport } from './synthesis-report.js';

/** Where a synthesis writes its rows, and what it says about them. */
export interface SynthesisFolders {
  readonly dataset: string;
  readonly report: string;
}

/** Writes `report.json` and returns the report. */
export async function writeSynthesisReport(report: SynthesisReport, folder: string): Promise<SynthesisReport> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}
