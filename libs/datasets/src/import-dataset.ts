import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { WorkContext } from '@tunesmith/tensor';
import { DatasetError } from './dataset-error.js';
import { increment, ReportBuilder, sorted, type DatasetReport } from './dataset-report.js';
import { DatasetWriter } from './dataset-writer.js';
import { parseRow, type ParsedRecord } from './parse-row.js';
import type { Problem, ProblemCode } from './problem.js';
import { readRecords } from './read-records.js';
import type { Split } from './row.js';
import { hashContent, splitByHash } from './split.js';

export interface ImportDatasetOptions {
  /** Leaves out rows that are not valid and counts them, instead of failing. */
  readonly skipInvalid?: boolean;
  /** The part of the rows without a `split` of their own that is held out. */
  readonly validationShare?: number;
  readonly maxRowBytes?: number;
  /** How many problems an error or a report spells out; the rest is counted. */
  readonly maxProblems?: number;
}

/**
 * Reads rows from outside (JSON lines, or one JSON array, in any of the forms of `formats.ts`), checks every one, and
 * writes them as a dataset folder: `rows.jsonl` in canonical form and `report.json`. The same bytes in give the same bytes out.
 *
 * @throws DatasetError `dataset-invalid` with file, line and reason of what is wrong, unless `skipInvalid`;
 *   `dataset-empty` where no row is left; `dataset-not-a-file`.
 */
export async function importDataset(path: string, outFolder: string, options: ImportDatasetOptions, context: WorkContext): Promise<DatasetReport> {
  const { skipInvalid = false, validationShare = 0.05, maxRowBytes = 16 << 20, maxProblems = 20 } = options;
  const size = await sizeOf(path);
  const findings = new Findings(maxProblems);
  const report = new ReportBuilder();
  const seen = new Map<string, { line: number; split: Split }>();
  await using writer = await DatasetWriter.create(outFolder);
  const onBytes = (done: number): void => context.onProgress({ phase: 'read rows', done, total: size, unit: 'bytes' });

  for await (const record of readRecords(path, { maxRowBytes, signal: context.signal, onBytes })) {
    if ('code' in record) {
      findings.add(record);
      if (record.code !== 'byte-order-mark') findings.dropRow();
      continue;
    }
    const { line } = record;
    const parsed = parse(record.text, (code, message) => findings.add({ line, code, message }));
    if (!parsed) {
      findings.dropRow();
      continue;
    }
    const split = parsed.row.split ?? splitByHash(parsed.row, validationShare);
    const key = hashContent(parsed.row).toString('base64');
    const earlier = seen.get(key);
    if (earlier && earlier.split !== split) {
      findings.add({ line, code: 'split-conflict', message: `says the same as line ${earlier.line}, which is in the ${earlier.split} split, but this one is in ${split}; what is held out must not be trained on` });
      findings.dropRow();
      continue;
    }
    if (!earlier) seen.set(key, { line, split });
    const row = { ...parsed.row, split };
    report.add(row, { format: parsed.format, ignored: parsed.ignored, duplicate: earlier !== undefined });
    // Once it is clear that the import fails, the rest is read for its problems alone.
    if (skipInvalid || findings.count === 0) await writer.add(row);
  }

  if (findings.count > 0 && !skipInvalid) throw invalid(path, findings);
  const result = report.finish({ rows: findings.rows, reasons: sorted(findings.reasons), problems: findings.listed });
  if (result.rows === 0) {
    throw new DatasetError({
      message: `${path}: expected at least one row; got ${findings.rows === 0 ? 'an empty file' : `${findings.rows} rows, none of them valid:\n${findings.text(path)}`}`,
      code: 'dataset-empty',
      facts: { path, dropped: findings.rows },
    });
  }
  await writer.finish(result);
  return result;
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new DatasetError({ message: `${path}: expected a JSON lines file (.jsonl) or a JSON array (.json); it cannot be opened`, code: 'dataset-not-a-file', facts: { path }, cause });
  });
  if (!found.isFile()) throw new DatasetError({ message: `${path}: expected a JSON lines file (.jsonl) or a JSON array (.json); got a folder or a device`, code: 'dataset-not-a-file', facts: { path } });
  return found.size;
}

function parse(text: string, report: (code: ProblemCode, message: string) => void): ParsedRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    report('invalid-json', `not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
  return parseRow(value, report);
}

/** Everything that was found wrong: counted always, spelled out for the first few. */
class Findings {
  readonly listed: Problem[] = [];
  readonly reasons = new Map<ProblemCode, number>();
  count = 0;
  rows = 0;

  constructor(private readonly limit: number) {}

  add(problem: Problem): void {
    this.count += 1;
    increment(this.reasons, problem.code);
    if (this.listed.length < this.limit) this.listed.push(problem);
  }

  dropRow(): void {
    this.rows += 1;
  }

  text(path: string): string {
    const more = this.count - this.listed.length;
    return [...this.listed.map(({ line, message }) => `${basename(path)}:${line}: ${message}`), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  }
}

function invalid(path: string, findings: Findings): DatasetError {
  const rows = findings.rows === 1 ? '1 row is' : `${findings.rows} rows are`;
  return new DatasetError({
    message: `${path}: ${findings.rows > 0 ? `${rows} not valid` : 'the file is not valid'}:\n${findings.text(path)}\nMend them, or leave them out with --skip-invalid.`,
    code: 'dataset-invalid',
    facts: { path, count: findings.count, rows: findings.rows, reasons: sorted(findings.reasons), problems: findings.listed },
  });
}
