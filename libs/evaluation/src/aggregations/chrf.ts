import type { Aggregation } from './aggregation.js';

/** What chrF needs of one document: of 1-grams, 2-grams and so on, how many the answer has, how many the right answer has, and how many are in both. */
export type ChrfCounts = readonly { readonly said: number; readonly right: number; readonly matched: number }[];

/** How much more what is missing weighs than what is too much. */
const beta = 2;

/** From the counts of all documents together, 0 to 100. */
export const chrf = ofCounts('chrf');

/** The same over characters and words. */
export const chrfWithWords = ofCounts('chrf++');

function ofCounts(name: string): Aggregation {
  return {
    name,
    aggregate(values) {
      const counts = values as readonly ChrfCounts[];
      const total = (order: number, of: (each: ChrfCounts[number]) => number) => counts.reduce((sum, each) => sum + of(each[order]!), 0);
      return fScore(counts[0]!.map((_, order) => ({ said: total(order, (each) => each.said), right: total(order, (each) => each.right), matched: total(order, (each) => each.matched) })));
    },
  };
}

/** The F score of the mean precision and the mean recall, over the orders that both texts are long enough for. */
export function fScore(counts: ChrfCounts): number {
  const orders = counts.filter(({ said, right }) => said > 0 && right > 0);
  const [precision, recall] = [orders.map(({ matched, said }) => matched / said), orders.map(({ matched, right }) => matched / right)].map((each) => each.reduce((sum, value) => sum + value, 0) / Math.max(1, orders.length));
  const weighed = beta ** 2 * precision! + recall!;
  return weighed === 0 ? 0 : (100 * (1 + beta ** 2) * precision! * recall!) / weighed;
}
