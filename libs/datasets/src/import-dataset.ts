import { basename } from 'node:path';
import type { WorkContext } from '@tunesmith/tensor';
import { ContentTable } from './content-table.js';
import { DatasetError } from './dataset-error.js';
import { ReportBuilder, sorted, type DatasetReport } from './dataset-report.js';
import { DatasetWriter } from './dataset-writer.js';
import { FileCounts } from './file-counts.js';
import { Findings } from './findings.js';
import { NearDuplicateFinder } from './near-duplicates/near-duplicate-finder.js';
import { parseRow, type ParsedRow } from './parse-row.js';
import type { ProblemCode } from './problem.js';
import { rowText } from './row-text.js';
import type { Row } from './row.js';
import type { NameMeaning } from './sources/file-kind.js';
import { openSource } from './sources/open-source.js';
import { readValues } from './sources/read-values.js';
import { hashContent, splitByHash } from './split.js';
import type { TokenCounter } from './token-counter.js';

export interface ImportDatasetOptions {
  /** Leaves out rows that are not valid and counts them, instead of failing. */
  readonly skipInvalid?: boolean;
  /** Keys of rows and of their messages that say nothing for training: left out, and counted. Any other unknown key makes its row invalid. */
  readonly ignoreKeys?: readonly string[];
  /** Leaves out rows that repeat an earlier one word for word, or also those that nearly do. Absent: they are counted and kept. */
  readonly dropDuplicates?: 'exact' | 'near';
  /** The share of common five-character runs from which rows count as near duplicates; 0.8 where it is absent. */
  readonly nearDuplicateThreshold?: number;
  /** Counts the tokens of the rows that are kept. */
  readonly tokens?: TokenCounter | undefined;
  /** The part of the rows without a `split` of their own that is held out. */
  readonly validationShare?: number;
  readonly maxRowBytes?: number;
  /** How many problems an error or a report spells out; the rest is counted. */
  readonly maxProblems?: number;
}

/**
 * Reads rows from outside (files, folders and archives of `file-kind.ts`, in any of the forms of `formats.ts`), checks every one, and writes them as a
 * dataset folder: `rows.jsonl` in canonical form and `report.json`. The same bytes in give the same bytes out. Memory holds hashes of rows, never the rows.
 *
 * In a folder or archive the name of a file gives its rows a tag and a split (see `nameMeaning`), unless they have their own. Where the same row stands
 * in files of both splits, the later one is left out.
 *
 * @throws DatasetError `dataset-invalid` with file, line and reason of what is wrong, unless `skipInvalid`; `dataset-empty` where no row is left;
 *   `dataset-not-a-file`, `dataset-changed`, `source-damaged`, `archive-unsafe`, `archive-bomb`.
 */
export async function importDataset(path: string, outFolder: string, options: ImportDatasetOptions, context: WorkContext): Promise<DatasetReport> {
  const { skipInvalid = false, maxProblems = 20, maxRowBytes = 16 << 20, validationShare = 0.05, dropDuplicates, nearDuplicateThreshold: threshold = 0.8, ignoreKeys = [] } = options;
  const source = await openSource(path, { signal: context.signal, onBytes: (done, total) => context.onProgress({ phase: 'read rows', done, total, unit: 'bytes' }) });
  const findings = new Findings(maxProblems);
  const files = new FileCounts(source.kind !== 'file');
  const seen = new ContentTable();
  using report = new ReportBuilder({ tokens: options.tokens, nearDuplicateThreshold: threshold });
  // Which rows nearly repeat an earlier one is known when all were read: only then the rows that are kept are described.
  using finder = dropDuplicates === 'near' ? new NearDuplicateFinder({ threshold }) : undefined;
  await using writer = await DatasetWriter.create(outFolder);
  let repeated = 0;

  for await (const file of source.files()) {
    const meaning = files.begin(file.name);
    for await (const record of readValues(file, { maxRowBytes, signal: context.signal })) {
      const note = (code: ProblemCode, message: string): void => findings.add({ ...files.place(record.line), code, message });
      if ('code' in record) {
        note(record.code, record.message);
        // The row behind a byte order mark is read all the same.
        if (record.code !== 'byte-order-mark') findings.dropRow(files);
        continue;
      }
      const parsed = parseRow(record.value, note, { ignoreKeys });
      if (!parsed) {
        findings.dropRow(files);
        continue;
      }
      const row = complete(parsed.row, meaning, validationShare);
      const earlier = seen.firstOf(hashContent(row), { file: files.current, line: record.line, split: row.split });
      if (earlier && earlier.split !== row.split) {
        const conflict = `says the same as ${files.describe(earlier)}, which is in the ${earlier.split} split, but this one is in ${row.split}; what is held out must not be trained on`;
        // Only the file's name put it there: the row is left out, and nobody meant otherwise.
        if (parsed.row.split === undefined) findings.note({ ...files.place(record.line), code: 'split-conflict', message: conflict });
        else note('split-conflict', conflict);
        findings.dropRow(files);
        continue;
      }
      files.add(parsed);
      if (earlier && dropDuplicates) {
        repeated += 1;
        continue;
      }
      if (finder) finder.add(rowText(row));
      else report.add(row, { duplicate: earlier !== undefined });
      // Once it is clear that the import fails, the rest is read for its problems alone.
      if (skipInvalid || findings.count === 0) await writer.add(row);
    }
  }
  await source.expectUnchanged();
  if (findings.count > 0 && !skipInvalid) throw invalid(path, findings);

  // The search for near duplicates needs the memory.
  seen.clear();
  let nearlyRepeated = 0;
  if (finder) {
    const firsts = finder.firstOfEach();
    nearlyRepeated = firsts.reduce((count, first, index) => count + (first === index ? 0 : 1), 0);
    await writer.keepOnly((index) => firsts[index] === index, (row) => report.add(row), context.signal);
  }
  const result = report.finish({
    files: files.reports,
    otherFiles: source.otherFiles,
    formats: files.forms,
    ignoredKeys: files.ignoredKeys,
    dropped: { rows: findings.rows, reasons: sorted(findings.reasons), problems: findings.listed, duplicates: repeated, nearDuplicates: nearlyRepeated },
  });
  if (result.rows === 0) {
    throw new DatasetError({
      message: `${path}: expected at least one row; got ${findings.rows === 0 ? 'an empty file' : `${findings.rows} rows, none of them valid:\n${findings.text(basename(path))}`}`,
      code: 'dataset-empty',
      facts: { path, dropped: findings.rows },
    });
  }
  await writer.finish(result);
  return result;
}

/** What the row does not say of itself its file's name says, and of the split, where neither does, the hash of its question. */
function complete(row: ParsedRow, { tag, split }: NameMeaning, validationShare: number): Row {
  const tags = tag === undefined || row.tags.includes(tag) ? row.tags : [...row.tags, tag];
  return { ...row, tags, split: row.split ?? split ?? splitByHash(row, validationShare) };
}

function invalid(path: string, findings: Findings): DatasetError {
  const rows = findings.rows === 1 ? '1 row is' : `${findings.rows} rows are`;
  const keys = findings.reasons.has('unknown-key') ? 'Leave keys that say nothing for training out with --ignore-key NAME. ' : '';
  return new DatasetError({
    message: `${path}: ${findings.rows > 0 ? `${rows} not valid` : 'the file is not valid'}:\n${findings.text(basename(path))}\n${keys}Mend them, or leave them out with --skip-invalid.`,
    code: 'dataset-invalid',
    facts: { path, count: findings.count, rows: findings.rows, reasons: sorted(findings.reasons), problems: findings.listed },
  });
}
