import { binomialTest } from './binomial-test.js';
import { chiSquareTail } from './chi-square.js';

export interface McNemarTest {
  /** Items that this model alone has right, and that the other alone has. */
  readonly onlyOwn: number;
  readonly onlyOther: number;
  readonly kind: 'exact' | 'chi-square';
  /** Of chi-square. */
  readonly statistic?: number;
  readonly pValue: number;
}

/** Fewer items on which two models disagree are counted exactly. */
const fewItems = 25;

/**
 * Whether two models are right equally often on the same items (McNemar 1947): by the items on which they disagree, exactly where those are fewer than 25, else by
 * (|b - c| - 1)² / (b + c), chi-square with Edwards's correction for continuity.
 */
export function mcNemarTest(onlyOwn: number, onlyOther: number): McNemarTest {
  const discordant = onlyOwn + onlyOther;
  if (discordant < fewItems) return { onlyOwn, onlyOther, kind: 'exact', pValue: binomialTest(onlyOwn, onlyOther) };
  const statistic = (Math.abs(onlyOwn - onlyOther) - 1) ** 2 / discordant;
  return { onlyOwn, onlyOther, kind: 'chi-square', statistic, pValue: chiSquareTail(statistic) };
}
