/** How likely a number at least as large is in the chi-square distribution with one degree of freedom: erfc(√(x / 2)). */
export function chiSquareTail(x: number): number {
  if (x <= 0) return 1;
  const z = Math.sqrt(x / 2);
  return z < 1.5 ? 1 - errorSeries(z) : complementFraction(z);
}

/** erf by its series of Kummer: 2 / √π · exp(-z²) · Σ 2ⁿ z²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)). */
function errorSeries(z: number): number {
  let [term, sum] = [z, z];
  for (let n = 1; term > sum * 1e-17; n += 1) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
}

/** erfc by its continued fraction, from the back: exp(-z²) / √π / (z + 1/2 / (z + 2/2 / (z + 3/2 / …))). */
function complementFraction(z: number): number {
  let below = z;
  for (let place = 120; place >= 1; place -= 1) below = z + place / 2 / below;
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / below;
}
