import type { WorkContext } from '@tunesmith/tensor';
import type { DiversityReport, LengthSummary, RootVerb, SourceSummary } from './diversity-report.js';
import { lexicalDiversity } from './lexical-diversity.js';
import { verbNounFinder } from './root-verb-noun.js';
import type { SentenceEncoder } from './sentence-encoder.js';
import { wordsOf } from './words-of.js';

/** A row as far as its variety is concerned. */
export interface ExaminedRow {
  readonly instruction: string;
  readonly response: string;
  /** What it is counted under. */
  readonly source: string;
  readonly topics?: readonly string[];
}

export interface ExaminedSet {
  readonly report: DiversityReport;
  readonly instructionWords: readonly number[];
  readonly responseWords: readonly number[];
  /** Of the instructions that the picture shows, one each, of length 1; none without an encoder. */
  readonly vectors: readonly Float32Array[];
}

/** As in Self-Instruct's picture (2212.10560, figure 3). */
const shown = { verbs: 20, nouns: 4 };
/** Vectors tell their mean from fewer rows than there may be. */
const mostEncoded = 2000;
const mostTopics = 50;

/** Examines a set of rows. */
export async function measureDiversity(rows: readonly ExaminedRow[], encoder: SentenceEncoder | undefined, context: WorkContext): Promise<ExaminedSet> {
  const instructions = rows.map(({ instruction }) => wordsOf(instruction));
  const responses = rows.map(({ response }) => wordsOf(response));
  const sources = [...new Set(rows.map(({ source }) => source))].sort();
  const placesOf = (source: string): number[] => [...rows.keys()].filter((place) => rows[place]!.source === source);
  const vectors = encoder ? await encoder.encode(spread(rows, mostEncoded).map(({ instruction }) => instruction), context) : [];
  const topics = topicsOf(rows, instructions);
  return {
    report: {
      rows: rows.length,
      sources: sources.map((source): SourceSummary => {
        const places = placesOf(source);
        return { source, rows: places.length, instructionWords: summaryOf(places.map((place) => instructions[place]!.length)), responseWords: summaryOf(places.map((place) => responses[place]!.length)) };
      }),
      rootVerbs: await rootVerbsOf(rows),
      lexical: { instructions: rounded(lexicalDiversity(instructions.flat())), responses: rounded(lexicalDiversity(responses.flat())) },
      ...(vectors.length > 1 && { meanings: { instructions: vectors.length, meanCosine: rounded(meanCosine(vectors)) } }),
      ...(topics && { topics }),
    },
    instructionWords: instructions.map(({ length }) => length),
    responseWords: responses.map(({ length }) => length),
    vectors,
  };
}

/** At most so many of the values, evenly spread. */
export function spread<Value>(values: readonly Value[], most: number): Value[] {
  if (values.length <= most) return [...values];
  return Array.from({ length: most }, (_, place) => values[Math.floor((place * values.length) / most)]!);
}

function summaryOf(counts: readonly number[]): LengthSummary {
  const sorted = [...counts].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const median = sorted.length === 0 ? 0 : (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { mean: rounded(sorted.reduce((sum, count) => sum + count, 0) / Math.max(sorted.length, 1)), median, longest: sorted.at(-1) ?? 0 };
}

async function rootVerbsOf(rows: readonly ExaminedRow[]): Promise<DiversityReport['rootVerbs']> {
  const find = await verbNounFinder();
  const verbs = new Map<string, Map<string, number>>();
  let found = 0;
  for (const { instruction } of rows) {
    const pair = find(instruction);
    if (!pair) continue;
    found += 1;
    const nouns = verbs.get(pair.verb) ?? new Map<string, number>();
    nouns.set(pair.noun, (nouns.get(pair.noun) ?? 0) + 1);
    verbs.set(pair.verb, nouns);
  }
  const all = [...verbs].map(([verb, nouns]): RootVerb => ({ verb, count: [...nouns.values()].reduce((sum, count) => sum + count), nouns: mostFrequent(nouns, shown.nouns).map(([noun, count]) => ({ noun, count })) }));
  const pairs = [...verbs.values()].reduce((sum, nouns) => sum + nouns.size, 0);
  return { found, pairs, verbs: all.sort((left, right) => right.count - left.count || (left.verb < right.verb ? -1 : 1)).slice(0, shown.verbs) };
}

function mostFrequent(counts: ReadonlyMap<string, number>, most: number): [string, number][] {
  return [...counts].sort(([leftName, left], [rightName, right]) => right - left || (leftName < rightName ? -1 : 1)).slice(0, most);
}

/** Over all pairs, from the length of the sum: |Σv|² is the sum over all pairs and each with itself. */
function meanCosine(vectors: readonly Float32Array[]): number {
  const sum = new Float64Array(vectors[0]!.length);
  for (const vector of vectors) for (let index = 0; index < sum.length; index += 1) sum[index]! += vector[index]!;
  const square = sum.reduce((total, value) => total + value * value, 0);
  return (square - vectors.length) / (vectors.length * (vectors.length - 1));
}

function topicsOf(rows: readonly ExaminedRow[], instructions: readonly (readonly string[])[]): DiversityReport['topics'] {
  const counts = new Map<string, number>();
  let guided = 0;
  let named = 0;
  for (const [place, { topics = [] }] of rows.entries()) {
    if (topics.length === 0) continue;
    guided += 1;
    for (const topic of topics) counts.set(topic, (counts.get(topic) ?? 0) + 1);
    const words = new Set(instructions[place]!.map(stem));
    if (topics.some((topic) => wordsOf(topic).some((word) => words.has(stem(word))))) named += 1;
  }
  return guided === 0 ? undefined : { asked: counts.size, rows: guided, named, most: mostFrequent(counts, mostTopics).map(([topic, count]) => ({ topic, rows: count })) };
}

/** "dances" and "dance" are one word here. */
function stem(word: string): string {
  return word.replace(/(?:ies|es|s)$/, '').slice(0, 8);
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
