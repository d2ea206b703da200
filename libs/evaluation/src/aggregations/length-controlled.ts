import { standardDeviation } from '../mean.js';
import type { Aggregation } from './aggregation.js';

/** How one answer fared against another's, and how much longer it was. */
export interface LengthPair {
  /** 1 where it won, 0 where it lost, 0.5 for a tie. */
  readonly preference: number;
  /** Its characters less those of the other. */
  readonly difference: number;
}

/** How much the likelihood counts beside the penalty, which only keeps weights finite where one side wins all: the strength that AlpacaEval's own fit has without cross-validation. */
const strength = 100;

/**
 * The win rate that would have been seen had both answers been equally long (length-controlled AlpacaEval, arXiv:2404.04475), of two of its three terms.
 *
 * Fitted over the pairs: logit P(wins) = model + length · tanh(d / s), where d is the pair's difference in characters and s the standard deviation of all
 * differences (of a sample, n - 1). The result is P(wins) at d = 0, from 0 to 1. The penalty is half the square of both weights, with the log-likelihood
 * counted a hundred times.
 *
 * Not fitted: the difficulty of the instruction, whose values come from the verdicts about all models of AlpacaEval's leaderboard; and its rows of a
 * baseline that was told to be short or long, whose judge is theirs. So the figure is for comparing models on the same rows under one judge; it is not one of the leaderboard's.
 */
export const lengthControlledWinRate: Aggregation = {
  name: 'length_controlled_win_rate',
  aggregate: (values) => fittedWinRate((values as (LengthPair | null)[]).filter((pair) => pair !== null)),
};

function fittedWinRate(pairs: readonly LengthPair[]): number {
  if (pairs.length === 0) return 0;
  const features = lengthFeatures(pairs.map(({ difference }) => difference));
  let [model, length] = [0, 0];
  // Newton's method with steps that are halved until they help; the loss is strictly convex.
  let loss = lossAt(pairs, features, model, length);
  for (let step = 0; step < 100; step += 1) {
    let [gradientModel, gradientLength, modelModel, modelLength, lengthLength] = [model, length, 1, 0, 1];
    for (const [place, { preference }] of pairs.entries()) {
      const feature = features[place]!;
      const chance = logistic(model + length * feature);
      const [error, curvature] = [strength * (chance - preference), strength * chance * (1 - chance)];
      gradientModel += error;
      gradientLength += error * feature;
      modelModel += curvature;
      modelLength += curvature * feature;
      lengthLength += curvature * feature * feature;
    }
    const determinant = modelModel * lengthLength - modelLength * modelLength;
    const moveModel = (lengthLength * gradientModel - modelLength * gradientLength) / determinant;
    const moveLength = (modelModel * gradientLength - modelLength * gradientModel) / determinant;
    let share = 1;
    let next = lossAt(pairs, features, model - moveModel, length - moveLength);
    while (next > loss && share > 1e-9) {
      share /= 2;
      next = lossAt(pairs, features, model - share * moveModel, length - share * moveLength);
    }
    if (next > loss) break;
    [model, length, loss] = [model - share * moveModel, length - share * moveLength, next];
    if (Math.abs(moveModel) + Math.abs(moveLength) < 1e-12) break;
  }
  return logistic(model);
}

/** All 0 where no difference differs from another, for then nothing can be told from them. */
function lengthFeatures(differences: readonly number[]): number[] {
  const deviation = standardDeviation(differences) ?? 0;
  return differences.map((each) => (deviation > 0 ? Math.tanh(each / deviation) : 0));
}

function lossAt(pairs: readonly LengthPair[], features: readonly number[], model: number, length: number): number {
  return pairs.reduce((sum, { preference }, place) => {
    const logit = model + length * features[place]!;
    return sum + strength * (softplus(logit) - preference * logit);
  }, (model * model + length * length) / 2);
}

function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** log(1 + exp(x)) */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
