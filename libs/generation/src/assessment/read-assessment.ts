import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { htmlPage, htmlTable } from '@tunesmith/pictures';
import { grades } from '../synthesis/judge.js';
import { assessGrades, parseGrades, type AssessmentReport } from './assess-grades.js';
import type { BlindForm } from './assessment-form.js';
import { gradesPlot } from './grades-plot.js';
import { keyFile } from './make-assessment-form.js';

/**
 * Reads the grades that raters handed in (every .json file of a folder) into counts for each group and their agreement: `report.json`, `grades.svg` and
 * `report.html`.
 *
 * @throws GenerationError `grades-invalid`
 */
export async function readAssessment(formFolder: string, gradesFolder: string, outFolder: string): Promise<AssessmentReport> {
  const blind = JSON.parse(await readFile(join(formFolder, keyFile), 'utf8')) as BlindForm;
  const names = (await readdir(gradesFolder)).filter((name) => name.endsWith('.json')).sort();
  const files = await Promise.all(names.map(async (name) => parseGrades(await readFile(join(gradesFolder, name), 'utf8'), name, blind)));
  const report = assessGrades(blind, files);
  const plot = gradesPlot(report, blind.form.title);
  await mkdir(outFolder, { recursive: true });
  await writeFile(join(outFolder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(outFolder, 'grades.svg'), plot);
  await writeFile(join(outFolder, 'report.html'), assessmentReportPage(report, blind.form.title, plot));
  return report;
}

function assessmentReportPage({ groups, raters, agreement }: AssessmentReport, title: string, plot: string): string {
  const { cohen, fleiss } = agreement;
  const agreed = fleiss ? `<p>Fleiss' kappa of all raters over ${fleiss.items} answers that all graded: ${fleiss.kappa ?? 'it says nothing of them'}.</p>` : '<p>One rater agrees with nobody.</p>';
  const pairs = cohen.length > 0 ? htmlTable({ columns: ['raters', 'answers that both graded', 'the same grade', "Cohen's kappa"], rows: cohen.map(({ raters: pair, items, agreed: same, kappa }) => [pair.join(' and '), items, same, kappa]) }) : '';
  return htmlPage(title, [
    { heading: 'Grades', body: `${plot}\n${htmlTable({ columns: ['group', 'answers', ...grades], rows: groups.map(({ group, items, counts }) => [group, items, ...grades.map((grade) => counts[grade])]) })}` },
    { heading: 'Raters', body: htmlTable({ columns: ['rater', 'graded', ...grades], rows: raters.map(({ rater, graded, counts }) => [rater, graded, ...grades.map((grade) => counts[grade])]) }) },
    { heading: 'Agreement', body: `${agreed}\n${pairs}` },
  ]);
}
