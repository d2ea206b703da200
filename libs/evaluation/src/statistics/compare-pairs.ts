import type { Aggregation } from '../aggregations/aggregation.js';
import { mean, standardDeviation } from '../mean.js';
import type { MetricValue } from '../metrics/metric.js';
import { binomialTest } from './binomial-test.js';
import { mcNemarTest, type McNemarTest } from './mcnemar-test.js';
import { pairedTTest, type PairedTTest } from './paired-t-test.js';
import { middleOf, resample } from './resample.js';

/** One metric of two models over the same items, in the same order. */
export interface Pairs {
  readonly own: readonly MetricValue[];
  readonly other: readonly MetricValue[];
}

/** How far two models are apart in one metric, by what they did with the same items. */
export interface PairedComparison {
  /** Items that both have a value for. */
  readonly items: number;
  /** This model's less the other's. */
  readonly difference: number;
  /** Of the difference. */
  readonly standardError: number;
  /** The middle 95 % of the difference over items that are drawn anew, always both models' together. */
  readonly low: number;
  readonly high: number;
  /** Of the test named by `test`: how likely a difference at least as large would be between equal models. */
  readonly pValue: number;
  readonly test: 'mcnemar' | 'paired-t' | 'bootstrap';
  /** Where every value is 0 or 1. */
  readonly mcnemar?: McNemarTest;
  /** Of means. */
  readonly pairedT?: PairedTTest;
  /** Of means: on how many items each model is better, and the sign test of that. */
  readonly sign?: { readonly better: number; readonly worse: number; readonly equal: number; readonly pValue: number };
}

const draws = 1000;
const seed = 1;

/**
 * Compares two models on the same items. `parts`: one for a task; those of its tasks for a group, whose items are drawn within each task and which count by their items
 * (`bySize`) or all the same. Undefined where no two items have a value of both models. The same each time.
 */
export function comparePairs(parts: readonly Pairs[], aggregation: Aggregation, { bySize = true }: { readonly bySize?: boolean } = {}): PairedComparison | undefined {
  const { ofMean } = aggregation;
  const kept = (ofMean ? parts.map((part) => bothScored(part, ofMean)) : parts).filter(({ own }) => own.length > 0);
  const items = kept.reduce((sum, { own }) => sum + own.length, 0);
  if (items < 2) return undefined;
  const weights = kept.map(({ own }) => (bySize ? own.length / items : 1 / kept.length));
  if (ofMean) return compareMeans(kept.map(({ own, other }) => own.map((value, place) => [value as number, other[place] as number] as const)), weights);
  const differenceOf = ({ own, other }: Pairs, places?: Int32Array): number => {
    const chosen = (values: readonly MetricValue[]) => (places ? Array.from(places, (place) => values[place]) : values);
    return aggregation.aggregate(chosen(own)) - aggregation.aggregate(chosen(other));
  };
  const difference = weighted(kept.map((part) => differenceOf(part)), weights);
  const drawn = drawDifferences(kept.map(({ own }) => own.length), weights, (part, places) => differenceOf(kept[part]!, places));
  // Draws on the far side of zero, counted for both sides; as with every test by draws, none of a thousand is not never.
  const beyond = Math.min(drawn.filter((each) => each <= 0).length, drawn.filter((each) => each >= 0).length);
  return { items, difference, standardError: standardDeviation(drawn)!, ...middleOf(drawn), pValue: Math.min(1, (2 * (beyond + 1)) / (draws + 1)), test: 'bootstrap' };
}

function compareMeans(parts: readonly (readonly (readonly [own: number, other: number])[])[], weights: readonly number[]): PairedComparison {
  const differences = parts.map((pairs) => pairs.map(([own, other]) => own - other));
  const all = differences.flat();
  const difference = weighted(differences.map((part) => mean(part)), weights);
  const drawn = drawDifferences(differences.map(({ length }) => length), weights, (part, places) => {
    let sum = 0;
    for (let place = 0; place < places.length; place += 1) sum += differences[part]![places[place]!]!;
    return sum / places.length;
  });
  // A part of a single item has no spread of its own: it is given that of all.
  const standardError = Math.sqrt(differences.reduce((sum, part, index) => sum + (weights[index]! * (standardDeviation(part) ?? standardDeviation(all)!)) ** 2 / part.length, 0));
  const [better, worse] = [all.filter((each) => each > 0).length, all.filter((each) => each < 0).length];
  const mcnemar = parts.flat(2).every((value) => value === 0 || value === 1) ? mcNemarTest(better, worse) : undefined;
  const pairedT = pairedTTest(all)!;
  return {
    items: all.length, difference, standardError, ...middleOf(drawn),
    pValue: (mcnemar ?? pairedT).pValue,
    test: mcnemar ? 'mcnemar' : 'paired-t',
    ...(mcnemar && { mcnemar }),
    pairedT,
    sign: { better, worse, equal: all.length - better - worse, pValue: binomialTest(better, worse) },
  };
}

/** The difference over all parts, for each draw. */
function drawDifferences(sizes: readonly number[], weights: readonly number[], differenceOf: (part: number, places: Int32Array) => number): number[] {
  const parts = sizes.map((size, part) => resample(size, draws, seed + part, (places) => differenceOf(part, places)));
  return Array.from({ length: draws }, (_, draw) => weighted(parts.map((part) => part[draw]!), weights));
}

function weighted(values: readonly number[], weights: readonly number[]): number {
  return values.reduce((sum, value, place) => sum + value * weights[place]!, 0);
}

function bothScored({ own, other }: Pairs, ofMean: NonNullable<Aggregation['ofMean']>): Pairs {
  const places = [...own.keys()].filter((place) => ofMean(own[place]) !== null && ofMean(other[place]) !== null);
  return { own: places.map((place) => ofMean(own[place])), other: places.map((place) => ofMean(other[place])) };
}
