/**
 * What a number that follows Student's t distribution stays below with probability `level` (above 1/2), by bisection over the finite series for whole degrees of freedom
 * (Abramowitz and Stegun 26.7.3 and 26.7.4).
 */
export function studentQuantile(level: number, degreesOfFreedom: number): number {
  const within = 2 * level - 1;
  let [low, high] = [0, 1];
  while (probabilityWithin(high, degreesOfFreedom) < within) [low, high] = [high, 2 * high];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (probabilityWithin(middle, degreesOfFreedom) < within) low = middle;
    else high = middle;
  }
  return high;
}

/** How likely a number is between -t and t. */
function probabilityWithin(t: number, degreesOfFreedom: number): number {
  const angle = Math.atan(t / Math.sqrt(degreesOfFreedom));
  const [sine, squaredCosine] = [Math.sin(angle), Math.cos(angle) ** 2];
  const odd = degreesOfFreedom % 2 === 1;
  let term = odd ? Math.cos(angle) : 1;
  let sum = degreesOfFreedom === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power <= degreesOfFreedom - 2; power += 2) {
    term *= ((power - 1) / power) * squaredCosine;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
