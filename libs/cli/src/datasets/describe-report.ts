import { formatCount, formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

type Counts = Readonly<Record<string, number>>;

/** What of a dataset's report is shown; versions that were registered long ago say less. */
interface Report {
  readonly bySplit?: Counts;
  readonly byTag?: Readonly<Record<string, Counts>>;
  readonly formats?: Counts;
  readonly files?: readonly { readonly name?: string; readonly forms: Counts; readonly rows: number; readonly dropped: number }[];
  readonly otherFiles?: readonly string[];
  readonly ignoredKeys?: Counts;
  readonly duplicates?: number;
  readonly nearDuplicates?: { readonly threshold: number; readonly rows: number; readonly acrossSplits: number };
  readonly waitingForAnswer?: number;
  readonly placeholders?: readonly string[];
  readonly characters?: Lengths & { readonly trainedShare?: number };
  readonly languages?: { readonly examined: number; readonly shares: Counts };
  readonly sensitive?: Readonly<Record<string, { readonly hits: number; readonly rows: number; readonly first: readonly { readonly row: number; readonly where: string; readonly masked: string }[] }>>;
  readonly tokens?: Lengths & {
    readonly renderedBy: string; readonly trained: number; readonly trainedShare: number; readonly mean: number; readonly unfinished: number;
    readonly refused: { readonly rows: number; readonly first?: { readonly row: number; readonly message: string } };
  };
  readonly dropped?: { readonly rows?: number; readonly reasons?: Counts; readonly duplicates?: number; readonly nearDuplicates?: number };
}

interface Lengths {
  readonly total: number;
  readonly shortest: number;
  readonly longest: number;
  readonly histogram: readonly { readonly upTo: number; readonly rows: number }[];
}

const filesListed = 30;
const barWidth = 24;

/** A dataset's report as a person reads it. */
export function describeReport(report: object): string[] {
  const { bySplit, formats, files = [], otherFiles = [], ignoredKeys = {}, duplicates = 0, nearDuplicates, waitingForAnswer = 0, placeholders = [], characters, languages, tokens, byTag = {}, sensitive = {}, dropped } = report as Report;
  return [
    ...describeDropped(dropped),
    ...(formats ? [`came as ${listOf(formats)}`] : []),
    ...describeFiles(files),
    ...(otherFiles.length > 0 ? [`not read: ${shortList(otherFiles)}`] : []),
    ...(Object.keys(ignoredKeys).length > 0 ? [`keys left out: ${listOf(ignoredKeys)}`] : []),
    ...(bySplit ? [`splits: ${listOf(bySplit)}`] : []),
    ...(duplicates > 0 ? [`exact duplicates: ${plural(duplicates, 'row')} (--drop-duplicates exact leaves them out)`] : []),
    ...(nearDuplicates && nearDuplicates.rows > 0
      ? [`near duplicates: ${plural(nearDuplicates.rows, 'row')} from a resemblance of ${nearDuplicates.threshold} on${nearDuplicates.acrossSplits > 0 ? `, ${formatCount(nearDuplicates.acrossSplits)} of them with the first in the other split` : ''} (--drop-duplicates near leaves them out)`]
      : []),
    ...(waitingForAnswer > 0 ? [`waiting for the model's own answer: ${plural(waitingForAnswer, 'row')}`] : []),
    ...(placeholders.length > 0 ? [`placeholders: ${placeholders.map((name) => `{{${name}}}`).join(', ')}`] : []),
    ...(languages && languages.examined > 0 ? [`languages (of ${plural(languages.examined, 'row')} examined): ${Object.entries(languages.shares).slice(0, 8).map(([name, share]) => `${name} ${percent(share)}`).join(', ')}`] : []),
    ...describeTags(byTag),
    ...describeSensitive(sensitive),
    ...(characters ? [`characters: ${formatCount(characters.total)}, ${formatCount(characters.shortest)} to ${formatCount(characters.longest)} a row${characters.trainedShare === undefined ? '' : `; trained on: ${percent(characters.trainedShare)}`}`] : []),
    ...(tokens ? describeTokens(tokens) : characters ? histogram(characters.histogram) : []),
  ];
}

/** Rows that were left out and why. */
function describeDropped({ rows = 0, reasons = {}, duplicates = 0, nearDuplicates = 0 }: NonNullable<Report['dropped']> = {}): string[] {
  return [
    ...(rows > 0 ? [`left out ${rows} ${rows === 1 ? 'row that is' : 'rows that are'} not valid: ${listOf(reasons)}`] : []),
    ...(duplicates > 0 ? [`left out ${plural(duplicates, 'exact duplicate')}`] : []),
    ...(nearDuplicates > 0 ? [`left out ${plural(nearDuplicates, 'near duplicate')}`] : []),
  ];
}

function describeFiles(files: NonNullable<Report['files']>): string[] {
  const named = files.filter(({ name }) => name !== undefined);
  if (named.length === 0) return [];
  const rows = named.slice(0, filesListed).map(({ name, forms, rows: count, dropped }) => [name!, formatCount(count), formatCount(dropped), Object.keys(forms).join(', ')]);
  return [...table(['FILE', 'ROWS', 'LEFT OUT', 'FORM'], rows, ['ROWS', 'LEFT OUT']), ...(named.length > filesListed ? [`and ${formatCount(named.length - filesListed)} more files`] : [])];
}

function describeTags(byTag: NonNullable<Report['byTag']>): string[] {
  const tags = Object.entries(byTag);
  const total = tags.reduce((sum, [, { train = 0, validation = 0 }]) => sum + train + validation, 0);
  const rows = tags.map(([tag, { train = 0, validation = 0 }]) => [tag, formatCount(train), formatCount(validation), percent((train + validation) / total)]);
  return rows.length > 0 ? table(['TAG', 'TRAIN', 'VALIDATION', 'SHARE'], rows, ['TRAIN', 'VALIDATION', 'SHARE']) : [];
}

function describeSensitive(sensitive: NonNullable<Report['sensitive']>): string[] {
  const kinds = Object.entries(sensitive);
  const rows = kinds.map(([kind, { hits, rows: count, first }]) => [kind, formatCount(hits), formatCount(count), first.slice(0, 2).map(({ row, where, masked }) => `row ${row} ${where}: ${masked}`).join('; ')]);
  return rows.length > 0 ? ['looks like personal data or secrets:', ...table(['KIND', 'HITS', 'ROWS', 'FIRST'], rows, ['HITS', 'ROWS'])] : [];
}

function describeTokens({ total, trained, trainedShare, shortest, longest, mean, histogram: bins, renderedBy, unfinished, refused }: NonNullable<Report['tokens']>): string[] {
  return [
    `tokens: ${formatCount(total)}, ${formatCount(shortest)} to ${formatCount(longest)} a row, ${formatNumber(mean)} on average; trained on: ${formatCount(trained)} (${percent(trainedShare)})`,
    ...(renderedBy === 'contents' ? ['  the model has no chat template: the contents of the messages alone were counted'] : []),
    ...(unfinished > 0 ? [`  not counted, because they wait for an answer or a value: ${plural(unfinished, 'row')}`] : []),
    ...(refused.rows > 0 ? [`  refused by the model's template: ${plural(refused.rows, 'row')}${refused.first ? `; row ${refused.first.row}: ${refused.first.message}` : ''}`] : []),
    ...histogram(bins),
  ];
}

function histogram(bins: Lengths['histogram']): string[] {
  const most = Math.max(...bins.map(({ rows }) => rows));
  const rows = bins.map(({ upTo, rows: count }) => [formatCount(upTo), formatCount(count), '█'.repeat(Math.max(1, Math.round((count / most) * barWidth)))]);
  return rows.length > 0 ? table(['UP TO', 'ROWS', ''], rows, ['UP TO', 'ROWS']) : [];
}

function listOf(counts: Counts): string {
  return Object.entries(counts).map(([name, count]) => `${count} ${name}`).join(', ');
}

function shortList(names: readonly string[]): string {
  return `${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
