import { counterUniform } from './counter-random.js';

/**
 * The order of `length` rows in one epoch, by seed and epoch alone: `permutation(n, seed, epoch)[position]` is the same
 * whether one comes there from the start or goes on after an interruption. Rows are sorted by a random number of their own.
 */
export function permutation(length: number, seed: number, epoch: number): number[] {
  const numbers = Float64Array.from({ length }, (_, index) => counterUniform(seed, epoch, index));
  return Array.from({ length }, (_, index) => index).sort((left, right) => numbers[left]! - numbers[right]! || left - right);
}
