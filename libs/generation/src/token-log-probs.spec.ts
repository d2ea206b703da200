import { liveTensors, setThreads, type WorkContext } from '@tunesmith/tensor';
import { loadFixtureModel } from './testing/fixture-model.js';
import { tokenLogProbs } from './token-log-probs.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };

// The second caps its logits, which the fused kernel does not know.
describe.each(['llama-grouped-tied', 'gemma3-softcap-untied'])('tokenLogProbs of %s', (name) => {
  beforeAll(() => setThreads(1));

  test('their mean is the loss that transformers computes', async () => {
    const { model, rows, loss } = await loadFixtureModel(name);
    try {
      const before = liveTensors();
      const logProbs = await tokenLogProbs(model, rows.map((tokenIds) => ({ tokenIds })), context);
      expect(liveTensors()).toBe(before);
      expect(logProbs.map((row) => row.length)).toEqual(rows.map((row) => row.length));
      expect(logProbs.every(([first]) => first === null)).toBe(true);
      const numbers = logProbs.flat().filter((logProb) => logProb !== null);
      expect(numbers).toHaveLength(rows.flat().length - rows.length);
      expect(-numbers.reduce((sum, each) => sum + each) / numbers.length).toBeCloseTo(loss, 4);
    } finally {
      model[Symbol.dispose]();
    }
  });

  test('in float32 a row has the same numbers, to the last bit, alone and among others', async () => {
    const { model, rows } = await loadFixtureModel(name);
    try {
      const many = Array.from({ length: 40 }, (_, index) => ({ tokenIds: rows[index % rows.length]! }));
      const together = await tokenLogProbs(model, many, context);
      for (const [index, row] of rows.entries()) expect(await tokenLogProbs(model, [{ tokenIds: row }], context)).toEqual([together[index]]);
    } finally {
      model[Symbol.dispose]();
    }
  });

  test('a mask leaves tokens out and changes no other', async () => {
    const { model, rows } = await loadFixtureModel(name);
    try {
      const all = await tokenLogProbs(model, rows.map((tokenIds) => ({ tokenIds })), context);
      const masked = await tokenLogProbs(model, rows.map((tokenIds) => ({ tokenIds, lossMask: tokenIds.map((id) => id % 2 === 0) })), context);
      masked.forEach((row, index) =>
        row.forEach((logProb, place) => {
          if (place === 0 || rows[index]![place]! % 2 === 1) expect(logProb).toBeNull();
          else expect(logProb).toBeCloseTo(all[index]![place]!, 5);
        }),
      );
      expect(await tokenLogProbs(model, [{ tokenIds: [1, 2], lossMask: [false, false] }], context)).toEqual([[null, null]]);
    } finally {
      model[Symbol.dispose]();
    }
  });
});
