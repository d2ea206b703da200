import { Bins, type Bin } from './bins.js';
import { LanguageCounter, type LanguageShares } from './language/language-shares.js';
import { NearDuplicateFinder } from './near-duplicates/near-duplicate-finder.js';
import { placeholdersIn } from './placeholders.js';
import type { Problem, ProblemCode } from './problem.js';
import { rowText } from './row-text.js';
import type { Row, Split } from './row.js';
import { SensitiveCounter, type SensitiveCount } from './sensitive/sensitive-counter.js';
import type { TokenCounter, TokenReport } from './token-counter.js';

/** One file that rows came from. */
export interface FileReport {
  /** Its path in the folder or archive; absent where it stood alone. */
  readonly name?: string;
  /** Rows by the form in which they came. */
  readonly forms: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly dropped: number;
}

/** What `report.json` says about a dataset. The same rows make the same report: no path and no time stands in it. */
export interface DatasetReport {
  readonly rows: number;
  readonly bySplit: Readonly<Record<Split, number>>;
  readonly byTag: Readonly<Record<string, Readonly<Record<Split, number>>>>;
  /** Rows by the form in which they came. */
  readonly formats: Readonly<Record<string, number>>;
  /** The files that were read, with what each held; the first thousand of them. */
  readonly files: readonly FileReport[];
  /** Files of the folder or archive that hold no rows and were not read; the first hundred. */
  readonly otherFiles: readonly string[];
  /** Keys that were left out, by how many rows had them. */
  readonly ignoredKeys: Readonly<Record<string, number>>;
  /** Rows that stand earlier, word for word. They are kept unless it was asked to drop them. */
  readonly duplicates: number;
  /** Further rows that resemble an earlier one, from this share of common five-character runs on; and those whose first stands in the other split. */
  readonly nearDuplicates: { readonly threshold: number; readonly rows: number; readonly acrossSplits: number };
  /** Rows that wait for the model's own answer. */
  readonly waitingForAnswer: number;
  /** Names in {{NAME}} that are still to be filled in. */
  readonly placeholders: readonly string[];
  /** Of whole conversations, in UTF-16 units: rows by the power of two that bounds their length, and the part that the assistant (or plain text) says. */
  readonly characters: { readonly total: number; readonly trainedShare: number; readonly shortest: number; readonly longest: number; readonly histogram: readonly Bin[] };
  readonly languages: LanguageShares;
  /** What looks like personal data or a secret, by kind. */
  readonly sensitive: Readonly<Record<string, SensitiveCount>>;
  /** Under the tokenizer of a model, where one was given. */
  readonly tokens?: TokenReport;
  readonly dropped: {
    readonly rows: number;
    readonly reasons: Readonly<Partial<Record<ProblemCode, number>>>;
    readonly problems: readonly Problem[];
    /** Valid rows that were left out because they repeat another, exactly or nearly. */
    readonly duplicates: number;
    readonly nearDuplicates: number;
  };
}

export interface ReportBuilderOptions {
  readonly tokens?: TokenCounter | undefined;
  readonly nearDuplicateThreshold?: number;
}

/** What of a report the rows themselves do not tell. */
export interface SourceFindings {
  readonly files?: readonly FileReport[];
  readonly otherFiles?: readonly string[];
  readonly formats?: ReadonlyMap<string, number>;
  readonly ignoredKeys?: ReadonlyMap<string, number>;
  readonly dropped?: Partial<DatasetReport['dropped']>;
}

const filesListed = 1000;

/** Counts rows as they pass. */
export class ReportBuilder implements Disposable {
  private rows = 0;
  private readonly bySplit = { train: 0, validation: 0 };
  private readonly byTag = new Map<string, Record<Split, number>>();
  private readonly formats = new Map<string, number>();
  private readonly placeholders = new Set<string>();
  private readonly lengths = new Bins();
  private readonly languages = new LanguageCounter();
  private readonly sensitive = new SensitiveCounter();
  private readonly threshold: number;
  private readonly finder: NearDuplicateFinder;
  /** A bit for each row that the finder has: whether it is held out. */
  private heldOut = new Uint8Array(1024);
  private unique = 0;
  private duplicates = 0;
  private waitingForAnswer = 0;
  private trained = 0;

  constructor(private readonly options: ReportBuilderOptions = {}) {
    this.threshold = options.nearDuplicateThreshold ?? 0.8;
    this.finder = new NearDuplicateFinder({ threshold: this.threshold });
  }

  /** `format`: the form in which it came; `duplicate`: the same stands earlier. */
  add(row: Row, { format, duplicate = false }: { format?: string; duplicate?: boolean } = {}): void {
    this.rows += 1;
    if (format !== undefined) increment(this.formats, format);
    this.bySplit[row.split] += 1;
    for (const tag of row.tags) {
      const counts = this.byTag.get(tag) ?? { train: 0, validation: 0 };
      counts[row.split] += 1;
      this.byTag.set(tag, counts);
    }
    for (const name of placeholdersIn(row)) this.placeholders.add(name);
    if (row.answerWith) this.waitingForAnswer += 1;
    const { all, trained } = charactersOf(row);
    this.lengths.add(all);
    this.trained += trained;
    const text = rowText(row);
    this.languages.add(() => text);
    this.sensitive.add(row, this.rows);
    this.options.tokens?.add(row, this.rows);
    if (duplicate) this.duplicates += 1;
    else this.addUnique(text, row.split);
  }

  finish({ files = [], otherFiles = [], formats = this.formats, ignoredKeys = new Map(), dropped = {} }: SourceFindings = {}): DatasetReport {
    const { total, shortest, longest, histogram } = this.lengths.finish();
    return {
      rows: this.rows,
      bySplit: { ...this.bySplit },
      byTag: sorted(this.byTag),
      formats: sorted(formats),
      files: files.slice(0, filesListed),
      otherFiles: otherFiles.slice(0, 100),
      ignoredKeys: sorted(ignoredKeys),
      duplicates: this.duplicates,
      nearDuplicates: this.countNear(),
      waitingForAnswer: this.waitingForAnswer,
      placeholders: [...this.placeholders].sort(),
      characters: { total, trainedShare: total > 0 ? this.trained / total : 0, shortest, longest, histogram },
      languages: this.languages.finish(),
      sensitive: this.sensitive.finish(),
      ...(this.options.tokens && { tokens: this.options.tokens.finish() }),
      dropped: { rows: 0, reasons: {}, problems: [], duplicates: 0, nearDuplicates: 0, ...dropped },
    };
  }

  [Symbol.dispose](): void {
    this.finder[Symbol.dispose]();
  }

  private addUnique(text: string, split: Split): void {
    this.finder.add(text);
    if (this.unique >= this.heldOut.length * 8) this.heldOut = Uint8Array.from({ length: this.heldOut.length * 2 }, (_, index) => this.heldOut[index] ?? 0);
    if (split === 'validation') this.heldOut[this.unique >>> 3]! |= 1 << (this.unique & 7);
    this.unique += 1;
  }

  private countNear(): DatasetReport['nearDuplicates'] {
    const firsts = this.finder.firstOfEach();
    const isHeldOut = (row: number): boolean => (this.heldOut[row >>> 3]! & (1 << (row & 7))) !== 0;
    let rows = 0;
    let acrossSplits = 0;
    for (const [row, first] of firsts.entries()) {
      if (first === row) continue;
      rows += 1;
      if (isHeldOut(row) !== isHeldOut(first)) acrossSplits += 1;
    }
    return { threshold: this.threshold, rows, acrossSplits };
  }
}

function charactersOf({ messages, text = '', rejected = '' }: Row): { all: number; trained: number } {
  let all = text.length + rejected.length;
  let trained = text.length;
  for (const { role, content, toolCalls } of messages) {
    const length = content.length + (toolCalls ? JSON.stringify(toolCalls).length : 0);
    all += length;
    if (role === 'assistant') trained += length;
  }
  return { all, trained };
}

export function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export function sorted<Value>(map: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...map].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)));
}
