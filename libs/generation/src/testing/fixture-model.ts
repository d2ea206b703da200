import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadModel, type CausalLanguageModel } from '@tunesmith/models';

export interface FixtureModel {
  readonly model: CausalLanguageModel;
  readonly rows: readonly (readonly number[])[];
  /** Mean cross-entropy of every next token of `rows`, by transformers. */
  readonly loss: number;
  readonly prompts: readonly (readonly number[])[];
  /** Greedy, by transformers. */
  readonly continuations: readonly (readonly number[])[];
}

/** A tiny random model of tests/parity, with what transformers computed on it. */
export async function loadFixtureModel(name: string): Promise<FixtureModel> {
  const folder = fileURLToPath(new URL(`../../../../tests/parity/fixtures/families/${name}/`, import.meta.url));
  const expected = JSON.parse(await readFile(`${folder}expected.json`, 'utf8')) as Omit<FixtureModel, 'model'>;
  const { model } = await loadModel(folder, { dtype: 'float32' });
  return { ...expected, model };
}
