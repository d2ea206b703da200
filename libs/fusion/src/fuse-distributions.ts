import { float16FromFloat32 } from '@tunesmith/checkpoints';
import { DatasetWriter, readRows, ReportBuilder, splits } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { DistributionsWriter, StoredDistributions } from '@tunesmith/training';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AlignedSources, readSpeakers, type AlignedRow, type AlignmentOptions } from './aligned-sources.js';
import { AlignmentReport, type FuseReport } from './alignment-report.js';
import { fuseRow, type FuseRowOptions } from './fuse-row.js';
import { FusionError } from './fusion-error.js';
import type { TransferredRow } from './transfer-row.js';

export interface FuseOptions extends FuseRowOptions, AlignmentOptions {
  readonly datasetFolder: string;
  /** What the pivot and each source said of the dataset, as `representModel` wrote it. */
  readonly pivotFolder: string;
  readonly sourceFolders: readonly string[];
  /**
   * By what models are held against each other: the mean cross-entropy of their own tokens, as in both papers; or that of the text, told per token of
   * the pivot, which does not favour a vocabulary that cuts it into more, easier pieces.
   */
  readonly compare: 'token' | 'text';
  /** Rows that the report shows. */
  readonly examples: number;
}

/**
 * Fuses what several models said of a dataset into one teacher of the pivot's vocabulary (FuseChat stage 1), and writes the dataset with it: the
 * rows that all of them read, and beside them the distributions that the objective `distill` learns. With one source it is pairwise fusion.
 *
 * @throws FusionError `distributions-of-others`, `entries-differ`, `nothing-to-fuse`; TrainingError where stored distributions are broken.
 */
export async function fuseDistributions(options: FuseOptions, outFolder: string, reportFolder: string, context: WorkContext): Promise<FuseReport> {
  const { datasetFolder, pivotFolder, sourceFolders, fusion, compare } = options;
  const speakers = await readSpeakers(pivotFolder, sourceFolders);
  const report = new AlignmentReport(speakers.pivot, speakers.sources.map(({ surfaces }) => surfaces), options.examples);
  const datasetReport = new ReportBuilder();
  await using rowsWriter = await DatasetWriter.create(outFolder);
  let writer: DistributionsWriter | undefined;
  try {
    for (const split of splits) {
      const covered = await StoredDistributions.covers(pivotFolder, split);
      using aligned = covered ? await AlignedSources.open(speakers, split, options, context) : undefined;
      if (aligned) {
        writer ??= await DistributionsWriter.create(outFolder, aligned.pivot.entries * (fusion === 'min-ce' ? 1 : 1 + sourceFolders.length));
        await writer.begin(split);
      }
      let count = 0;
      for await (const row of readRows(datasetFolder, { split })) {
        const index = count;
        count += 1;
        if (aligned && writer) {
          const unread = aligned.unread(index);
          if (unread.includes(true)) {
            report.addUnread(unread);
            continue;
          }
          const alignedRow = aligned.row(index);
          const models = comparable(alignedRow, compare);
          const fused = fuseRow(models, options);
          report.addRow({ ...alignedRow, split, row: index, transferred: models.slice(1), fused });
          const { tokenIds, places } = alignedRow.pivotRow;
          await writer.append(split, { tokenIds, places, indices: fused.indices, logits: float16FromFloat32(fused.logits), crossEntropy: fused.crossEntropy });
        }
        datasetReport.add(row, { format: 'messages' });
        await rowsWriter.add(row);
        if (count % 64 === 0) {
          await nextTurn();
          context.signal.throwIfAborted();
          context.onProgress({ phase: 'fuse', done: count, unit: 'rows' });
        }
      }
      if (aligned && count !== aligned.pivot.rows) throw new FusionError('distributions-of-others', `fuse: expected distributions of the ${count} ${split} rows of the dataset; the pivot's are of ${aligned.pivot.rows}. Represent this dataset.`, { split, rows: count });
    }
    if (!writer || report.fusedRows === 0) throw new FusionError('nothing-to-fuse', 'fuse: expected at least one row that the pivot and every source could read; there is none. Raise maxLength where they represent it.', { pivotFolder });
    await rowsWriter.finish(datasetReport.finish());
    await writer.finish();
  } finally {
    await writer?.[Symbol.asyncDispose]();
  }
  return report.write(reportFolder);
}

/** The pivot's row and the sources', with cross-entropies that can be compared. */
function comparable({ pivotRow, own, sourceRows, transferred }: AlignedRow, compare: FuseOptions['compare']): TransferredRow[] {
  const perPivotToken = (row: TransferredRow, index: number): TransferredRow => ({ ...row, crossEntropy: (row.crossEntropy * sourceRows[index]!.places.length) / pivotRow.places.length });
  return [own, ...(compare === 'token' ? transferred : transferred.map(perPivotToken))];
}
