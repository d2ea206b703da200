export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Of a sample: n - 1 below the line. Undefined for fewer than two numbers. */
export function standardDeviation(numbers: readonly number[]): number | undefined {
  if (numbers.length < 2) return undefined;
  const middle = mean(numbers);
  return Math.sqrt(numbers.reduce((sum, each) => sum + (each - middle) ** 2, 0) / (numbers.length - 1));
}

/** Of the mean: the sample's standard deviation over the root of its size. Undefined for fewer than two numbers. */
export function standardError(numbers: readonly number[]): number | undefined {
  const deviation = standardDeviation(numbers);
  return deviation === undefined ? undefined : Math.sqrt(deviation ** 2 / numbers.length);
}
