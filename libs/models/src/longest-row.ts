import { readJsonFile } from '@tunesmith/checkpoints';
import { join } from 'node:path';
import { familyFor } from './families.js';

/** The longest row that the model in a folder can read, in tokens: as long as it has learned positions for, or of any length. Throws ModelConfigError, FileReadError. */
export async function longestRow(folder: string): Promise<number> {
  const configJson = await readJsonFile(join(folder, 'config.json'));
  const family = familyFor(configJson);
  return family.learnedPositions?.(family.parseConfig(configJson)) ?? Infinity;
}
