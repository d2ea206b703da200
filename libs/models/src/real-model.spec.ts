import { setThreads } from '@tunesmith/tensor';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { importModel } from './import-model.js';
import { loadModel } from './load-model.js';
import { tokenLogProbs } from './testing/token-log-probs.js';

// The file is too large to be committed: this runs where TUNESMITH_TEST_MODEL names a GGUF file of a known family.
const file = process.env.TUNESMITH_TEST_MODEL;
const describeWithModel = file ? describe : describe.skip;

describeWithModel('a real model, when TUNESMITH_TEST_MODEL names its GGUF file', () => {
  const parity = (path: string) => fileURLToPath(new URL(`../../../tests/parity/${path}`, import.meta.url));
  let folder: string;

  beforeAll(async () => {
    setThreads(2);
    folder = await mkdtemp(join(tmpdir(), 'tunesmith-real-'));
    await importModel(file ?? '', folder, { signal: new AbortController().signal, onProgress: () => {} });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  test('its perplexity is within 0.5 % of that of llama.cpp on the same file', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [parity('llama-cpp-scores.mjs'), file ?? '', parity('fixtures/english.txt')], { maxBuffer: 1 << 28 });
    const theirs = JSON.parse(stdout) as { tokens: number[]; logProbs: (number | null)[] };
    expect(theirs.tokens.length).toBeGreaterThan(500);
    const { model } = await loadModel(folder, { dtype: 'bfloat16' });
    const [ours = []] = tokenLogProbs(model, [theirs.tokens]);
    model[Symbol.dispose]();
    const mean = (scores: readonly (number | null)[]) => scores.reduce<number>((sum, score) => sum + (score ?? 0), 0) / (scores.length - 1);
    expect(Math.abs(Math.exp(mean(theirs.logProbs) - mean(ours)) - 1)).toBeLessThan(0.005);
  }, 120_000);
});
