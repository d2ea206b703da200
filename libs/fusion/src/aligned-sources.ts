import { readJsonFile } from '@tunesmith/checkpoints';
import type { Split } from '@tunesmith/datasets';
import { Tokenizer } from '@tunesmith/tokenizers';
import type { WorkContext } from '@tunesmith/tensor';
import { StoredDistributions, type RowDistributions } from '@tunesmith/training';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TokenAligner, type TokenAlignment } from './align-tokens.js';
import { FusionError } from './fusion-error.js';
import { MappingStatistics } from './mapping-statistics.js';
import { TokenSurfaces } from './token-surfaces.js';
import { storedRow, transferRow, type TransferredRow, type TransferRule } from './transfer-row.js';
import { VocabularyMapping, type VocabularyMappingOptions } from './vocabulary-mapping.js';

export interface AlignmentOptions {
  readonly transfer: TransferRule;
  readonly vocabulary: VocabularyMappingOptions;
}

/** Folders of distributions, and the vocabularies of the models that made them. */
export interface Speakers {
  readonly pivotFolder: string;
  readonly pivot: TokenSurfaces;
  readonly sources: readonly { readonly folder: string; readonly surfaces: TokenSurfaces }[];
}

export async function readSpeakers(pivotFolder: string, sourceFolders: readonly string[]): Promise<Speakers> {
  const surfacesOf = async (folder: string): Promise<TokenSurfaces> => new TokenSurfaces(await Tokenizer.fromFolder(folder), await embeddingRows(folder));
  const pivot = await surfacesOf(pivotFolder);
  const sources: { folder: string; surfaces: TokenSurfaces }[] = [];
  for (const folder of sourceFolders) sources.push({ folder, surfaces: await surfacesOf(folder) });
  return { pivotFolder, pivot, sources };
}

/** By the configuration that lies beside what the model said. */
async function embeddingRows(folder: string): Promise<number | undefined> {
  const config: unknown = await readJsonFile(join(folder, 'config.json'));
  return typeof config === 'object' && config !== null && 'vocab_size' in config && typeof config.vocab_size === 'number' ? config.vocab_size : undefined;
}

/** A row as all models have read it, what the sources said of it carried over to the pivot's tokens. */
export interface AlignedRow {
  readonly pivotRow: RowDistributions;
  /** What the pivot said, in the form of the others. */
  readonly own: TransferredRow;
  readonly sourceRows: readonly RowDistributions[];
  readonly transferred: readonly TransferredRow[];
  /** undefined for a source of the pivot's own vocabulary. */
  readonly alignments: readonly (TokenAlignment | undefined)[];
}

interface Source {
  readonly stored: StoredDistributions;
  readonly surfaces: TokenSurfaces;
  /** Of equal vocabulary as the pivot: its tokens are the pivot's. */
  readonly isAlike: boolean;
  readonly statistics: MappingStatistics;
  readonly mapping: VocabularyMapping;
  readonly alignments: Map<number, TokenAlignment>;
}

/** What a pivot and its sources said of one split, aligned. */
export class AlignedSources implements Disposable {
  private constructor(
    private readonly opened: DisposableStack,
    private readonly surfaces: TokenSurfaces,
    readonly pivot: StoredDistributions,
    private readonly sources: readonly Source[],
    private readonly transfer: TransferRule,
  ) {}

  /** @throws FusionError `distributions-of-others`, `entries-differ`; TrainingError where stored distributions are broken. */
  static async open({ pivotFolder, pivot: surfaces, sources: speakers }: Speakers, split: Split, { transfer, vocabulary }: AlignmentOptions, context: WorkContext): Promise<AlignedSources> {
    using opened = new DisposableStack();
    const pivot = opened.use(await StoredDistributions.open(pivotFolder, split));
    const sources: Source[] = [];
    for (const { folder, surfaces: other } of speakers) {
      const stored = opened.use(await StoredDistributions.open(folder, split));
      expectSameConversations(pivot, stored, folder);
      const statistics = new MappingStatistics();
      sources.push({ stored, surfaces: other, statistics, isAlike: isSameVocabulary(surfaces, other), alignments: new Map(), mapping: new VocabularyMapping(surfaces, other, vocabulary, statistics) });
    }
    const entries = [pivot, ...sources.map(({ stored }) => stored)].map((each) => each.entries);
    if (new Set(entries).size > 1) throw new FusionError('entries-differ', `fuse: expected distributions with as many tokens at each place from every model; got ${entries.join(', ')}. Represent them with one topK.`, { entries });
    const aligned = new AlignedSources(opened.move(), surfaces, pivot, sources, transfer);
    try {
      await aligned.align(context);
      return aligned;
    } catch (error) {
      aligned[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether the pivot and each source have not read a row: it was too long, or the loss was not a number. */
  unread(row: number): boolean[] {
    return [this.pivot, ...this.sources.map(({ stored }) => stored)].map((stored) => !Number.isFinite(stored.crossEntropy(row)));
  }

  /** A row that all have read. */
  row(row: number): AlignedRow {
    const { entries } = this.pivot;
    const pivotRow = this.pivot.row(row);
    const sourceRows = this.sources.map(({ stored }) => stored.row(row));
    const alignments = this.sources.map((source) => source.alignments.get(row));
    const transferred = this.sources.map(({ isAlike, surfaces, mapping }, index): TransferredRow => {
      const alignment = alignments[index];
      return isAlike || !alignment ? storedRow(sourceRows[index]!, entries) : transferRow(pivotRow, sourceRows[index]!, entries, alignment, { rule: this.transfer, pivot: this.surfaces, source: surfaces, mapping });
    });
    return { pivotRow, own: storedRow(pivotRow, entries), sourceRows, transferred, alignments };
  }

  [Symbol.dispose](): void {
    this.opened.dispose();
  }

  /** Before any mapping is asked for, since what maps where follows from all rows. */
  private async align(context: WorkContext): Promise<void> {
    const aligner = new TokenAligner(this.transfer === 'fusechat' ? 'pivot-first' : 'source-first');
    // FuseLLM measures pieces without their word-start marks, FuseChat the decoded text.
    const of = (surfaces: TokenSurfaces, ids: readonly number[]): Uint8Array[] => ids.map((id) => (this.transfer === 'fusechat' ? surfaces.of(id) : surfaces.withoutMark(id)));
    for (let row = 0; row < this.pivot.rows; row += 1) {
      if (row % 16 === 0) {
        await nextTurn();
        context.signal.throwIfAborted();
        context.onProgress({ phase: 'align', done: row, total: this.pivot.rows, unit: 'rows' });
      }
      if (this.unread(row).includes(true)) continue;
      const pivotIds = this.pivot.tokensOf(row);
      for (const { isAlike, stored, surfaces, alignments, statistics } of this.sources) {
        if (isAlike) continue;
        const sourceIds = stored.tokensOf(row);
        const alignment = aligner.align(of(this.surfaces, pivotIds), of(surfaces, sourceIds));
        alignments.set(row, alignment);
        statistics.add(pivotIds, sourceIds, alignment);
      }
    }
  }
}

function isSameVocabulary(one: TokenSurfaces, other: TokenSurfaces): boolean {
  const [a, b] = [one.tokenizer, other.tokenizer];
  if (one.size !== other.size || a.vocabularySize !== b.vocabularySize || a.bosTokenId !== b.bosTokenId) return false;
  for (const id of one.all()) if (!b.hasToken(id) || a.tokenText(id) !== b.tokenText(id)) return false;
  return true;
}

function expectSameConversations(pivot: StoredDistributions, source: StoredDistributions, folder: string): void {
  const key = `${pivot.split}.conversations`;
  if (pivot.rows === source.rows && pivot.metadata.get(key) === source.metadata.get(key)) return;
  throw new FusionError('distributions-of-others', `fuse: expected a source that read the ${pivot.rows} ${pivot.split} rows as the pivot did; it read ${source.rows === pivot.rows ? 'other conversations, or by another template' : `${source.rows} rows`}. Represent it with this pivot and dataset.`, { folder, split: pivot.split });
}
