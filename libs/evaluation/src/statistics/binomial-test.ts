/**
 * The exact test of whether two outcomes are equally likely: how likely numbers at least as uneven as these are, to both sides; 1 where neither came. Of pairs in which
 * one of two models did better it is the sign test.
 */
export function binomialTest(one: number, other: number): number {
  const total = one + other;
  // By logarithms: 2^-total is less than any number for more than a thousand.
  let logTerm = -total * Math.LN2;
  let sum = 0;
  for (let count = 0; count <= Math.min(one, other); count += 1) {
    sum += Math.exp(logTerm);
    logTerm += Math.log((total - count) / (count + 1));
  }
  return Math.min(1, 2 * sum);
}
