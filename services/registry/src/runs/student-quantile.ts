import { normalQuantile } from './normal-quantile.js';

/** The series is as long as half the degrees of freedom; from here on the expansion is as exact, and costs the same for any number of them. */
const manyDegreesOfFreedom = 2000;

/**
 * What a number that follows Student's t distribution stays below with probability `level` (above 1/2): by bisection over the finite series for whole degrees of freedom
 * (Abramowitz and Stegun 26.7.3 and 26.7.4), for many degrees of freedom by the expansion around the normal distribution.
 */
export function studentQuantile(level: number, degreesOfFreedom: number): number {
  return degreesOfFreedom > manyDegreesOfFreedom ? nearNormal(normalQuantile(level), degreesOfFreedom) : bySeries(level, degreesOfFreedom);
}

/** Abramowitz and Stegun 26.7.5. What is left out is of the order of x¹¹ / degreesOfFreedom⁵. */
function nearNormal(x: number, degreesOfFreedom: number): number {
  const y = x * x;
  const terms = [
    x,
    (x * (y + 1)) / 4,
    (x * (3 + y * (16 + 5 * y))) / 96,
    (x * (-15 + y * (17 + y * (19 + 3 * y)))) / 384,
    (x * (-945 + y * (-1920 + y * (1482 + y * (776 + 79 * y))))) / 92160,
  ];
  return terms.reduceRight((sum, term) => sum / degreesOfFreedom + term, 0);
}

function bySeries(level: number, degreesOfFreedom: number): number {
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
