import { EvaluationError } from '../evaluation-error.js';
import type { Aggregation } from './aggregation.js';

type Pairs = readonly (readonly [gold: number, predicted: number])[];

/** Of pairs of 0 and 1: the harmonic mean of precision and recall of 1; 0 where neither is ever 1. */
export const f1: Aggregation = {
  name: 'f1',
  aggregate(values) {
    const pairs = values as Pairs;
    const other = pairs.flat().find((each) => each !== 0 && each !== 1);
    if (other !== undefined) throw new EvaluationError({ message: `f1 is for questions with two choices; one has choice ${other}. Use acc or mcc.`, code: 'metric-not-applicable', facts: { metric: 'f1', choice: other } });
    const both = pairs.filter(([gold, predicted]) => gold === 1 && predicted === 1).length;
    const any = pairs.filter(([gold, predicted]) => gold === 1 || predicted === 1).length;
    return any === 0 ? 0 : (2 * both) / (any + both);
  },
};

/** The Matthews correlation for any number of classes (Gorodkin 2004); 0 where one side is always the same. */
export const matthewsCorrelation: Aggregation = {
  name: 'matthews_corrcoef',
  aggregate(values) {
    const pairs = values as Pairs;
    const classes = [...new Set(pairs.flat())];
    const total = pairs.length;
    const right = pairs.filter(([gold, predicted]) => gold === predicted).length;
    const golds = classes.map((each) => pairs.filter(([gold]) => gold === each).length);
    const predictions = classes.map((each) => pairs.filter(([, predicted]) => predicted === each).length);
    const products = (one: readonly number[], other: readonly number[]) => one.reduce((sum, count, place) => sum + count * other[place]!, 0);
    const spread = Math.sqrt((total ** 2 - products(predictions, predictions)) * (total ** 2 - products(golds, golds)));
    return spread === 0 ? 0 : (right * total - products(golds, predictions)) / spread;
  },
};
