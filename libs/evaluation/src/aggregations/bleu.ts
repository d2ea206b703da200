import type { Aggregation } from './aggregation.js';

/** What BLEU needs of one document. */
export interface BleuCounts {
  /** Tokens of the answer. */
  readonly said: number;
  /** Tokens of the right answer. */
  readonly right: number;
  /** Of 1-grams, 2-grams and so on: how many the answer has, and how many of them are right. */
  readonly orders: readonly { readonly matched: number; readonly all: number }[];
}

/**
 * From the counts of all documents together: the geometric mean of the precisions, times exp(1 - right / said) for answers that are too short;
 * 0 to 100. Orders without a match count as 1/2, 1/4 and so on of one (smoothing 3 of Chen and Cherry 2014); nothing right, or no 4-gram at all, is 0.
 */
export const bleu: Aggregation = {
  name: 'bleu',
  aggregate(values) {
    const counts = values as readonly BleuCounts[];
    const total = (of: (each: BleuCounts) => number) => counts.reduce((sum, each) => sum + of(each), 0);
    const [said, right] = [total((each) => each.said), total((each) => each.right)];
    const orders = counts[0]!.orders.map((_, place) => ({ matched: total((each) => each.orders[place]!.matched), all: total((each) => each.orders[place]!.all) }));
    if (orders.some(({ all }) => all === 0) || orders.every(({ matched }) => matched === 0)) return 0;
    let part = 1;
    const logarithms = orders.map(({ matched, all }) => {
      if (matched === 0) part /= 2;
      return Math.log((100 * (matched === 0 ? part : matched)) / all);
    });
    const brevity = said < right ? Math.exp(1 - right / said) : 1;
    return brevity * Math.exp(logarithms.reduce((sum, each) => sum + each, 0) / orders.length);
  },
};
