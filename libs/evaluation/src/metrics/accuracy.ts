import { defineMetric, largestPlace } from './metric.js';

const right = (gold: readonly number[], place: number): number => (gold.includes(place) ? 1 : 0);

/** Whether the likeliest choice is right; of a continuation, whether greedy decoding writes it. */
export const accuracy = defineMetric({
  name: 'acc',
  aggregation: 'mean',
  higherIsBetter: true,
  functions: { ofChoices: ({ logProbs, gold }) => right(gold, largestPlace(logProbs)), ofContinuation: ({ greedy }) => (greedy ? 1 : 0) },
});

/** As `acc`, with log-probabilities divided by the characters of the choices. */
export const accuracyByCharacters = defineMetric({
  name: 'acc_norm',
  aggregation: 'mean',
  higherIsBetter: true,
  functions: { ofChoices: ({ choices, logProbs, gold }) => right(gold, largestPlace(logProbs.map((logProb, place) => logProb / [...choices[place]!].length))) },
});

/** As `acc`, with log-probabilities divided by the bytes of the choices in UTF-8. */
export const accuracyByBytes = defineMetric({
  name: 'acc_bytes',
  aggregation: 'mean',
  higherIsBetter: true,
  functions: { ofChoices: ({ choices, logProbs, gold }) => right(gold, largestPlace(logProbs.map((logProb, place) => logProb / Buffer.byteLength(choices[place]!)))) },
});

/** As `acc`, by how much likelier the question makes each choice. */
export const accuracyByInformation = defineMetric({
  name: 'acc_mutual_info',
  aggregation: 'mean',
  higherIsBetter: true,
  unconditional: true,
  functions: { ofChoices: ({ logProbs, unconditional = [], gold }) => right(gold, largestPlace(logProbs.map((logProb, place) => logProb - (unconditional[place] ?? 0)))) },
});
