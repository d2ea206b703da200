/**
 * How likely at least one of `k` samples passes, where `passed` of `samples` did: 1 - C(samples - passed, k) / C(samples, k), without bias (Chen et al. 2021,
 * section 2.1). `k` is at most `samples`.
 */
export function passAtK(samples: number, passed: number, k: number): number {
  if (samples - passed < k) return 1;
  let noneOf = 1;
  for (let count = samples - passed + 1; count <= samples; count += 1) noneOf *= 1 - k / count;
  return 1 - noneOf;
}
