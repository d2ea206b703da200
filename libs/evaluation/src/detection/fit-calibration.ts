import { mean } from '../mean.js';
import { softmax } from './domain-judge.js';

/** A row of features -> a score for each domain. */
export type Calibration = (features: readonly number[]) => number[];

export interface LabelledFeatures {
  readonly features: readonly number[];
  /** The place of the domain. */
  readonly domain: number;
}

/** Strength of the ridge on standardized features: few examples, as many features as words. */
const ridge = 0.1;
const iterations = 1500;
const rate = 0.3;

/**
 * The affine calibration of Zhao et al. (arXiv 2102.09690), softmax(W x + b), with W and b learned from examples: multinomial logistic regression with a
 * ridge by gradient descent from zero, on features that are centred and scaled. The same examples give the same calibration.
 */
export function fitCalibration(examples: readonly LabelledFeatures[], domains: number): Calibration {
  const width = examples[0]!.features.length;
  const means = column((place) => mean(examples.map(({ features }) => features[place]!)));
  const scales = column((place) => Math.sqrt(mean(examples.map(({ features }) => (features[place]! - means[place]!) ** 2))) || 1);
  const standard = (features: readonly number[]): number[] => [...features.map((feature, place) => (feature - means[place]!) / scales[place]!), 1];
  const inputs = examples.map(({ features }) => standard(features));
  const weights = Array.from({ length: domains }, () => new Float64Array(width + 1));
  const scores = (input: readonly number[]): number[] => weights.map((row) => dot(row, input));
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const gradients = weights.map((row) => row.map((weight, place) => (place < width ? ridge * weight : 0)));
    for (const [index, input] of inputs.entries()) {
      for (const [domain, probability] of softmax(scores(input)).entries()) {
        const error = (probability - (domain === examples[index]!.domain ? 1 : 0)) / inputs.length;
        const gradient = gradients[domain]!;
        for (let place = 0; place <= width; place += 1) gradient[place]! += error * input[place]!;
      }
    }
    for (const [domain, row] of weights.entries()) for (let place = 0; place <= width; place += 1) row[place]! -= rate * gradients[domain]![place]!;
  }
  return (features) => scores(standard(features));

  function column(of: (place: number) => number): number[] {
    return Array.from({ length: width }, (_, place) => of(place));
  }
}

function dot(left: Float64Array, right: readonly number[]): number {
  let sum = 0;
  for (let place = 0; place < left.length; place += 1) sum += left[place]! * right[place]!;
  return sum;
}
