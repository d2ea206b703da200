import { checksumFile } from '@tunesmith/tensor';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { SourceModel } from '../source-model.js';

/** Tells work on a model from other work: a digest of what its configuration and weight files hold, and of `settings` (plain JSON). Where the files lie and when they were written is no part of it. */
export async function workIdentity({ configJson, weightFiles }: SourceModel, settings: readonly unknown[]): Promise<string> {
  const weights: string[] = [];
  for (const path of weightFiles) {
    await using file = await open(path, 'r');
    weights.push((await checksumFile(file.fd, 0, (await file.stat()).size)).toString(16));
  }
  return createHash('sha256').update(JSON.stringify([configJson, weights, settings])).digest('hex');
}
