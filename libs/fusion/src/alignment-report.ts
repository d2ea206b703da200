import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, writeFileAtomically } from '@tunesmith/checkpoints';
import type { Split } from '@tunesmith/datasets';
import type { AlignedRow } from './aligned-sources.js';
import type { FusedRow } from './fuse-row.js';
import type { TokenSurfaces } from './token-surfaces.js';
import { outcomes, type Outcome } from './transfer-row.js';

/** What a fusion says of itself. */
export interface FuseReport {
  /** Rows that were fused. */
  readonly rows: number;
  /** Rows left out because a model did not read them: too long, or its loss is not a number. */
  readonly unreadRows: number;
  /** Places at which something is taught. */
  readonly places: number;
  readonly pivot: ModelShare;
  /** In the order in which they were given. */
  readonly sources: readonly SourceShare[];
}

export interface ModelShare {
  /** Rows that it did not read. */
  readonly unreadRows: number;
  /** Mean over the fused rows, in nats. */
  readonly crossEntropy: number;
  /** Its mean weight in the fused rows: of MinCE the share of rows that are its own. */
  readonly weight: number;
}

export interface SourceShare extends ModelShare {
  /** Share of the places at which its distribution was carried over. */
  readonly fused: number;
  /** Share of all others. */
  readonly fellBack: number;
  /** Shares of places by what became of them. */
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

/** A row as it was fused. */
export interface ReportedRow extends Pick<AlignedRow, 'pivotRow' | 'sourceRows' | 'transferred' | 'alignments'> {
  readonly split: Split;
  readonly row: number;
  readonly fused: FusedRow;
}

/** A place of a row in the report's examples. */
interface ExamplePlace {
  readonly pivot: string;
  readonly follows: string;
  readonly sources: readonly { readonly tokens: readonly string[]; readonly outcome: Outcome; readonly expects: string }[];
}

interface Example {
  readonly split: Split;
  readonly row: number;
  readonly weights: readonly number[];
  readonly places: readonly ExamplePlace[];
}

interface Sums {
  unreadRows: number;
  crossEntropy: number;
  weight: number;
  readonly outcomes: Record<Outcome, number>;
}

/** Places of a row that the examples show. */
const placesShown = 40;

/** Counts what became of every place, and keeps the first rows as examples. */
export class AlignmentReport {
  fusedRows = 0;
  private unreadRows = 0;
  private places = 0;
  private readonly sums: readonly Sums[];
  private readonly examples: Example[] = [];

  constructor(
    private readonly pivot: TokenSurfaces,
    private readonly sources: readonly TokenSurfaces[],
    private readonly shown: number,
  ) {
    this.sums = [pivot, ...sources].map(() => ({ unreadRows: 0, crossEntropy: 0, weight: 0, outcomes: noOutcomes() }));
  }

  /** @param unread for the pivot and each source whether it has not read the row */
  addUnread(unread: readonly boolean[]): void {
    this.unreadRows += 1;
    for (const [model, missing] of unread.entries()) if (missing) this.sums[model]!.unreadRows += 1;
  }

  addRow(reported: ReportedRow): void {
    const { pivotRow, transferred, fused } = reported;
    this.fusedRows += 1;
    this.places += pivotRow.places.length;
    for (const [model, { crossEntropy, outcomes: reached }] of [{ crossEntropy: pivotRow.crossEntropy, outcomes: [] }, ...transferred].entries()) {
      const sums = this.sums[model]!;
      sums.crossEntropy += crossEntropy;
      sums.weight += fused.weights[model]!;
      for (const outcome of reached) sums.outcomes[outcome] += 1;
    }
    if (this.examples.length < this.shown) this.examples.push(this.exampleOf(reported));
  }

  /** `alignment.json` with the figures and the examples, `alignment.md` as tables. */
  async write(folder: string): Promise<FuseReport> {
    const report = this.figures();
    await mkdir(folder, { recursive: true });
    await writeFileAtomically(join(folder, 'alignment.json'), jsonText({ ...report, examples: this.examples }));
    await writeFileAtomically(join(folder, 'alignment.md'), markdown(report, this.examples));
    return report;
  }

  private figures(): FuseReport {
    const share = ({ unreadRows, crossEntropy, weight }: Sums): ModelShare => ({ unreadRows, crossEntropy: crossEntropy / this.fusedRows, weight: weight / this.fusedRows });
    const [pivot, ...sources] = this.sums;
    return {
      rows: this.fusedRows, unreadRows: this.unreadRows, places: this.places, pivot: share(pivot!),
      sources: sources.map((sums): SourceShare => {
        const shares = noOutcomes();
        for (const outcome of outcomes) shares[outcome] = sums.outcomes[outcome] / this.places;
        return { ...share(sums), fused: shares.fused, fellBack: 1 - shares.fused, outcomes: shares };
      }),
    };
  }

  private exampleOf({ split, row, pivotRow, sourceRows, transferred, alignments, fused }: ReportedRow): Example {
    const places = [...pivotRow.places].slice(0, placesShown).map((place, number): ExamplePlace => ({
      pivot: textOf(this.pivot, pivotRow.tokenIds[place]!),
      follows: textOf(this.pivot, pivotRow.tokenIds[place + 1]!),
      sources: transferred.map(({ outcomes: reached, indices, entries }, source) => {
        const alignment = alignments[source];
        const [first, last] = alignment ? [alignment.first[place]!, alignment.last[place]!] : [place, place];
        const likeliest = indices[number * entries]!;
        return {
          tokens: sourceRows[source]!.tokenIds.slice(first, last + 1).map((id) => textOf(this.sources[source]!, id)),
          outcome: reached[number]!,
          expects: likeliest < 0 ? '' : textOf(this.pivot, likeliest),
        };
      }),
    }));
    return { split, row, weights: fused.weights, places };
  }
}

function noOutcomes(): Record<Outcome, number> {
  return Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
}

function textOf(surfaces: TokenSurfaces, id: number): string {
  return Buffer.from(surfaces.of(id)).toString('utf8');
}

function markdown({ rows, unreadRows, places, pivot, sources }: FuseReport, examples: readonly Example[]): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = (head: readonly string[], body: readonly (readonly string[])[]): string[] => [line(head), line(head.map(() => '---')), ...body.map(line)];
  // Spaces and line breaks are what matters in a token: they are shown.
  const code = (text: string): string => `\`${text.replaceAll('\n', '⏎').replaceAll('`', 'ˋ').replaceAll('|', '¦').replaceAll(' ', '·')}\``;
  const names = ['pivot', ...sources.map((_, index) => `source ${index + 1}`)];
  return [
    '# Alignment', '', `${rows} rows fused, ${unreadRows} left out, ${places} places.`, '',
    ...table(
      ['model', 'cross-entropy', 'weight', 'unread rows', ...outcomes],
      [pivot, ...sources].map((each, index) => [
        names[index]!, each.crossEntropy.toFixed(4), each.weight.toFixed(3), String(each.unreadRows),
        ...outcomes.map((outcome) => (index === 0 ? '' : percent(sources[index - 1]!.outcomes[outcome]))),
      ]),
    ),
    ...examples.flatMap(({ split, row, weights, places: shown }) => [
      '', `## Row ${row + 1} of ${split} (weights ${weights.map((weight) => weight.toFixed(2)).join(', ')})`, '',
      ...table(
        ['pivot', 'follows', ...names.slice(1).flatMap((name) => [name, 'what became of it', 'expects'])],
        shown.map(({ pivot: token, follows, sources: of }) => [code(token), code(follows), ...of.flatMap(({ tokens, outcome, expects }) => [tokens.map(code).join(' '), outcome, code(expects)])]),
      ),
    ]),
    '',
  ].join('\n');
}
