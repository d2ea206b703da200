import type { WorkContext } from '@tunesmith/tensor';
import { ContentTable } from './content-table.js';
import { ReportBuilder, type DatasetReport, type ReportBuilderOptions } from './dataset-report.js';
import { readRows } from './read-rows.js';
import { hashContent } from './split.js';

/**
 * The report of a dataset folder as it stands, such as under the tokenizer of a model that the import did not know.
 *
 * @throws DatasetError `dataset-corrupt`.
 */
export async function describeDataset(folder: string, options: ReportBuilderOptions, { signal, onProgress }: WorkContext): Promise<DatasetReport> {
  using report = new ReportBuilder(options);
  const seen = new ContentTable();
  let line = 0;
  for await (const row of readRows(folder, { signal })) {
    line += 1;
    report.add(row, { format: row.text === undefined ? 'messages' : 'text', duplicate: seen.firstOf(hashContent(row), { file: 0, line, split: row.split }) !== undefined });
    if (line % 1000 === 0) onProgress({ phase: 'read rows', done: line, unit: 'rows' });
  }
  return report.finish();
}
