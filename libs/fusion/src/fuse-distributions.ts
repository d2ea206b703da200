import { float16FromFloat32 } from '@tunesmith/checkpoints';
import { DatasetWriter, readRows, ReportBuilder, splits, type Split } from '@tunesmith/datasets';
import { Tokenizer } from '@tunesmith/tokenizers';
import type { WorkContext } from '@tunesmith/tensor';
import { DistributionsWriter, StoredDistributions, type RowDistributions } from '@tunesmith/training';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AlignmentReport, type FuseReport } from './alignment-report.js';
import { TokenAligner, type TokenAlignment } from './align-tokens.js';
import { fuseRow, type FuseRowOptions } from './fuse-row.js';
import { FusionError } from './fusion-error.js';
import { MappingStatistics } from './mapping-statistics.js';
import { TokenSurfaces } from './token-surfaces.js';
import { storedRow, transferRow, type TransferredRow, type TransferRule } from './transfer-row.js';
import { VocabularyMapping, type VocabularyMappingOptions } from './vocabulary-mapping.js';

export interface FuseOptions extends FuseRowOptions {
  readonly datasetFolder: string;
  /** What the pivot and each source said of the dataset, as `representModel` wrote it. */
  readonly pivotFolder: string;
  readonly sourceFolders: readonly string[];
  readonly transfer: TransferRule;
  readonly vocabulary: VocabularyMappingOptions;
  /** Rows that the report shows. */
  readonly examples: number;
}

/** One model's part in a fusion. */
interface Speaker {
  readonly stored: StoredDistributions;
  readonly surfaces: TokenSurfaces;
}

interface Source extends Speaker {
  /** Of equal vocabulary as the pivot: its tokens are the pivot's. */
  readonly isAlike: boolean;
  readonly statistics: MappingStatistics;
  readonly mapping: VocabularyMapping;
  readonly alignments: Map<number, TokenAlignment>;
}

/**
 * Fuses what several models said of a dataset into one teacher of the pivot's vocabulary (FuseChat stage 1), and writes the dataset with it: the
 * rows that all of them read, and beside them the distributions that the objective `distill` learns. With one source it is pairwise fusion.
 *
 * @throws FusionError `distributions-of-others`, `nothing-to-fuse`; TrainingError where stored distributions are broken.
 */
export async function fuseDistributions(options: FuseOptions, outFolder: string, reportFolder: string, context: WorkContext): Promise<FuseReport> {
  const { datasetFolder, pivotFolder, sourceFolders } = options;
  const surfacesOf = async (folder: string): Promise<TokenSurfaces> => new TokenSurfaces(await Tokenizer.fromFolder(folder));
  const pivotSurfaces = await surfacesOf(pivotFolder);
  const sourceSurfaces: TokenSurfaces[] = [];
  for (const folder of sourceFolders) sourceSurfaces.push(await surfacesOf(folder));

  const report = new AlignmentReport(pivotSurfaces, sourceSurfaces, options.examples);
  await using rowsWriter = await DatasetWriter.create(outFolder);
  let writer: DistributionsWriter | undefined;
  using datasetReport = new ReportBuilder();
  try {
    for (const split of splits) {
      if (!(await StoredDistributions.covers(pivotFolder, split))) {
        for await (const row of readRows(datasetFolder, { split })) {
          datasetReport.add(row, { format: 'messages' });
          await rowsWriter.add(row);
        }
        continue;
      }
      using pivot: Disposable & Speaker = speaker(await StoredDistributions.open(pivotFolder, split), pivotSurfaces);
      using opened = new DisposableStack();
      const sources: Source[] = [];
      for (const [index, folder] of sourceFolders.entries()) {
        const stored = opened.use(await StoredDistributions.open(folder, split));
        expectSameConversations(pivot.stored, stored, folder);
        sources.push(sourceOf({ stored, surfaces: sourceSurfaces[index]! }, pivot, options));
      }
      writer ??= await DistributionsWriter.create(outFolder, fusedEntries(options, pivot, sources));
      await writer.begin(split);
      await align(pivot, sources, options, split, context);
      let index = 0;
      for await (const row of readRows(datasetFolder, { split })) {
        const fused = fuseOne(index, pivot, sources, options, report, split);
        index += 1;
        if (!fused) continue;
        datasetReport.add(row, { format: 'messages' });
        await rowsWriter.add(row);
        await writer.append(split, fused);
        if (index % 64 === 0) await pause(context, { phase: 'fuse', done: index, total: pivot.stored.rows });
      }
      if (index !== pivot.stored.rows) throw new FusionError('distributions-of-others', `fuse: expected distributions of the ${index} ${split} rows of the dataset; the pivot's are of ${pivot.stored.rows}. Represent this dataset.`, { split, rows: index });
    }
    if (!writer || report.fusedRows === 0) throw new FusionError('nothing-to-fuse', 'fuse: expected at least one row that the pivot and every source could read; there is none. Raise maxLength where they represent it.', { pivotFolder });
    await rowsWriter.finish(datasetReport.finish());
    await writer.finish();
  } finally {
    await writer?.[Symbol.asyncDispose]();
  }
  return report.write(reportFolder);
}

function speaker(stored: StoredDistributions, surfaces: TokenSurfaces): Disposable & Speaker {
  return { stored, surfaces, [Symbol.dispose]: () => stored[Symbol.dispose]() };
}

function sourceOf({ stored, surfaces }: Speaker, pivot: Speaker, { vocabulary }: FuseOptions): Source {
  const statistics = new MappingStatistics();
  return { stored, surfaces, statistics, isAlike: isSameVocabulary(pivot.surfaces, surfaces), alignments: new Map(), mapping: new VocabularyMapping(pivot.surfaces, surfaces, vocabulary, statistics) };
}

function isSameVocabulary(one: TokenSurfaces, other: TokenSurfaces): boolean {
  const [a, b] = [one.tokenizer, other.tokenizer];
  if (a.vocabularySize !== b.vocabularySize || a.bosTokenId !== b.bosTokenId) return false;
  for (const id of one.all()) if (!b.hasToken(id) || a.tokenText(id) !== b.tokenText(id)) return false;
  return true;
}

function fusedEntries({ fusion }: FuseOptions, pivot: Speaker, sources: readonly Source[]): number {
  const entries = [pivot, ...sources].map(({ stored }) => stored.entries);
  const differs = entries.some((count) => count !== entries[0]);
  if (differs) throw new FusionError('entries-differ', `fuse: expected distributions with as many tokens at each place from every model; got ${entries.join(', ')}. Represent them with one topK.`, { entries });
  return fusion === 'min-ce' ? entries[0]! : entries.reduce((sum, count) => sum + count, 0);
}

function expectSameConversations(pivot: StoredDistributions, source: StoredDistributions, folder: string): void {
  const key = `${pivot.split}.conversations`;
  if (pivot.rows === source.rows && pivot.metadata.get(key) === source.metadata.get(key)) return;
  throw new FusionError('distributions-of-others', `fuse: expected a source that read the ${pivot.rows} ${pivot.split} rows as the pivot did; it read ${source.rows === pivot.rows ? 'other conversations, or by another template' : `${source.rows} rows`}. Represent it with this pivot and dataset.`, { folder, split: pivot.split });
}

/** Before any mapping is asked for, since what maps where follows from all rows. */
async function align(pivot: Speaker, sources: readonly Source[], { transfer }: FuseOptions, split: Split, context: WorkContext): Promise<void> {
  const aligner = new TokenAligner(transfer === 'fusechat' ? 'pivot-first' : 'source-first');
  for (let row = 0; row < pivot.stored.rows; row += 1) {
    if (row % 16 === 0) await pause(context, { phase: 'align', done: row, total: pivot.stored.rows, message: split });
    if (!isRead(row, [pivot, ...sources])) continue;
    const pivotIds = pivot.stored.tokensOf(row);
    for (const source of sources.filter(({ isAlike }) => !isAlike)) {
      const sourceIds = source.stored.tokensOf(row);
      // FuseLLM measures pieces without their word-start marks, FuseChat the decoded text.
      const of = (surfaces: TokenSurfaces, ids: readonly number[]): Uint8Array[] => ids.map((id) => (transfer === 'fusechat' ? surfaces.of(id) : surfaces.withoutMark(id)));
      const alignment = aligner.align(of(pivot.surfaces, pivotIds), of(source.surfaces, sourceIds));
      source.alignments.set(row, alignment);
      source.statistics.add(pivotIds, sourceIds, alignment);
    }
  }
}

function isRead(row: number, speakers: readonly Speaker[]): boolean {
  return speakers.every(({ stored }) => Number.isFinite(stored.crossEntropy(row)));
}

/** undefined: not all models have read it. */
function fuseOne(row: number, pivot: Speaker, sources: readonly Source[], options: FuseOptions, report: AlignmentReport, split: Split): RowDistributions | undefined {
  const unread = [pivot, ...sources].map(({ stored }) => !Number.isFinite(stored.crossEntropy(row)));
  if (unread.includes(true)) {
    report.addUnread(unread);
    return undefined;
  }
  const pivotRow = pivot.stored.row(row);
  const sourceRows = sources.map(({ stored }) => stored.row(row));
  const own = storedRow(pivotRow, pivot.stored.entries);
  const transferred = sources.map(({ isAlike, stored, alignments, surfaces, mapping }, index): TransferredRow => {
    const sourceRow = sourceRows[index]!;
    const carried = isAlike ? storedRow(sourceRow, stored.entries) : transferRow(pivotRow, sourceRow, stored.entries, alignments.get(row)!, { rule: options.transfer, pivot: pivot.surfaces, source: surfaces, mapping });
    return options.compare === 'token' ? carried : { ...carried, crossEntropy: (carried.crossEntropy * sourceRow.places.length) / pivotRow.places.length };
  });
  const fused = fuseRow([own, ...transferred], options);
  report.addRow({ split, row, pivotRow, sourceRows, transferred, alignments: sources.map(({ alignments }) => alignments.get(row)), fused });
  return { tokenIds: pivotRow.tokenIds, places: pivotRow.places, indices: fused.indices, logits: float16FromFloat32(fused.logits), crossEntropy: fused.crossEntropy };
}

async function pause(context: WorkContext, progress: Parameters<WorkContext['onProgress']>[0]): Promise<void> {
  await nextTurn();
  context.signal.throwIfAborted();
  context.onProgress({ unit: 'rows', ...progress });
}
