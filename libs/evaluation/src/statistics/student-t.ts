/** How likely a number at least as far from zero is in Student's t distribution: I of v / (v + t²) with v / 2 and 1/2, the regularized incomplete beta function. */
export function twoSidedStudent(t: number, degreesOfFreedom: number): number {
  if (!Number.isFinite(t)) return 0;
  return regularizedBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5);
}

/** How far from zero, on either side, a number in Student's t distribution stays with probability `level`: by bisection. */
export function studentReach(level: number, degreesOfFreedom: number): number {
  let [low, high] = [0, 1];
  while (twoSidedStudent(high, degreesOfFreedom) > 1 - level) [low, high] = [high, 2 * high];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (twoSidedStudent(middle, degreesOfFreedom) > 1 - level) low = middle;
    else high = middle;
  }
  return high;
}

/** By its continued fraction, on the side where that converges quickly. */
function regularizedBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** Evaluated from the front (Lentz 1976); `tiny` stands for a denominator of zero. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const sound = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let [above, below] = [1, 1 / sound(1 - ((a + b) * x) / (a + 1))];
  let fraction = below;
  for (let m = 1; m < 10_000; m += 1) {
    let change = 1;
    for (const term of [(m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)), (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))]) {
      below = 1 / sound(1 + term * below);
      above = sound(1 + term / above);
      change = above * below;
      fraction *= change;
    }
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return fraction;
}

/** Of positive numbers, by Lanczos (1964) with g = 7 and nine coefficients. */
function logGamma(x: number): number {
  const coefficients = [676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];
  const shifted = x - 1;
  const sum = coefficients.reduce((total, coefficient, place) => total + coefficient / (shifted + place + 1), 0.99999999999980993);
  const base = shifted + coefficients.length - 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}
