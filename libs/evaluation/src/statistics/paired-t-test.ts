import { mean, standardError } from '../mean.js';
import { twoSidedStudent } from './student-t.js';

export interface PairedTTest {
  /** Null where all differences are the same: it is infinite then. */
  readonly statistic: number | null;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
}

/** Whether the mean of differences is zero. Differences that are all zero say nothing against it. Undefined for fewer than two. */
export function pairedTTest(differences: readonly number[]): PairedTTest | undefined {
  const error = standardError(differences);
  if (error === undefined) return undefined;
  const [middle, degreesOfFreedom] = [mean(differences), differences.length - 1];
  if (middle === 0 || error === 0) return { statistic: middle === 0 ? 0 : null, degreesOfFreedom, pValue: middle === 0 ? 1 : 0 };
  return { statistic: middle / error, degreesOfFreedom, pValue: twoSidedStudent(middle / error, degreesOfFreedom) };
}
