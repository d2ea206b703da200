import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../dataset-error.js';
import { checkShares, type DomainShares } from './domain-weights.js';

/** The file of a detection's folder that says what was found; it has more than the shares. */
export const detectionFile = 'detection.json';

/** The shares that a detection found. @throws DatasetError `detection-invalid`, `weights-sum`. */
export async function readDetectedShares(folder: string): Promise<DomainShares> {
  const path = join(folder, detectionFile);
  let shares: unknown;
  try {
    ({ shares } = JSON.parse(await readFile(path, 'utf8')) as { shares?: unknown });
  } catch (cause) {
    throw new DatasetError({ message: `${path}: expected what a detect step wrote; it cannot be read. Give the detection of tunesmith dataset detect.`, code: 'detection-invalid', facts: { path }, cause });
  }
  if (typeof shares !== 'object' || shares === null || !Object.values(shares).every((share) => typeof share === 'number')) {
    throw new DatasetError({ message: `${path}: expected shares, a number for each domain; got ${JSON.stringify(shares)?.slice(0, 60)}.`, code: 'detection-invalid', facts: { path } });
  }
  return checkShares(shares as DomainShares, 'detection');
}
