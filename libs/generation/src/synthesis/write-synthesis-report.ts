import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diversityPictures, measureDiversity, openSentenceEncoder, type ExaminedRow, type Row } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { synthesisPage } from './synthesis-page.js';
import type { SynthesisReport } from './synthesis-report.js';

/** Where a synthesis writes its rows, and what it says about them. */
export interface SynthesisFolders {
  readonly dataset: string;
  readonly report: string;
}

export interface ReportedRows {
  readonly made: readonly Row[];
  /** What they are held against: the seeds, or the rows as they were. */
  readonly beside: readonly Row[];
  readonly besideName: string;
  readonly encoderFolder: string | undefined;
}

/** Examines the rows and writes `report.json`, `report.html` and its pictures. */
export async function writeSynthesisReport(told: Omit<SynthesisReport, 'diversity'>, { made, beside, besideName, encoderFolder }: ReportedRows, folder: string, context: WorkContext): Promise<SynthesisReport> {
  await using opened = new AsyncDisposableStack();
  const encoder = encoderFolder === undefined ? undefined : opened.use(await openSentenceEncoder(encoderFolder));
  const ours = await measureDiversity(made.map((row) => examined(row, row.origin?.prompt ?? 'rows')), encoder, context);
  const theirs = await measureDiversity(beside.map((row) => examined(row, besideName)), encoder, context);
  const pictures = diversityPictures(ours, theirs, ['synthesized', besideName]);
  const report: SynthesisReport = { ...told, diversity: { rows: ours.report, beside: theirs.report, besideName } };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(folder, 'report.html'), synthesisPage(report, pictures));
  for (const [name, picture] of Object.entries(pictures)) await writeFile(join(folder, name), picture);
  return report;
}

function examined({ messages, origin }: Row, source: string): ExaminedRow {
  const said = (role: string): string => messages.find((message) => message.role === role)?.content ?? '';
  return { instruction: said('user'), response: said('assistant'), source, ...(origin?.topics && { topics: origin.topics }) };
}
