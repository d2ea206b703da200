import type { CausalLanguageModel } from '@tunesmith/models';
import { liveTensors, setThreads, type WorkContext, type WorkProgress } from '@tunesmith/tensor';
import { generate, type GenerationOptions } from './generate.js';
import { loadFixtureModel, type FixtureModel } from './testing/fixture-model.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const greedy: GenerationOptions = { maxNewTokens: 14, stopTokenIds: [] };

describe('generate', () => {
  let fixture: FixtureModel;
  const prompts = (): { tokenIds: readonly number[] }[] => fixture.prompts.map((tokenIds) => ({ tokenIds }));

  beforeAll(async () => {
    setThreads(1);
    fixture = await loadFixtureModel('llama-grouped-tied');
  });
  afterAll(() => fixture.model[Symbol.dispose]());

  test('continues greedily as transformers does, in one batch or one by one', async () => {
    for (const batchRows of [1, 2, 32]) {
      const results = await generate(fixture.model, prompts(), { ...greedy, batchRows }, context);
      expect(results.map(({ tokenIds }) => tokenIds)).toEqual(fixture.continuations);
      for (const { tokenIds, logProbs, finish } of results) {
        expect(finish).toBe('length');
        expect(logProbs).toHaveLength(tokenIds.length);
        expect(Math.max(...logProbs)).toBeLessThan(0);
      }
    }
  });

  test('a row ends before a stop token, and the others go on', async () => {
    const stop = 35; // two of the three rows come to it
    // In a batch of two, the third takes the place of the first that ends, beside one that goes on.
    for (const batchRows of [2, 32]) {
      const results = await generate(fixture.model, prompts(), { ...greedy, stopTokenIds: [stop], batchRows }, context);
      fixture.continuations.forEach((tokens, row) => {
        const end = tokens.indexOf(stop);
        expect(results[row]).toMatchObject({ tokenIds: end < 0 ? tokens : tokens.slice(0, end), finish: end < 0 ? 'length' : 'stop' });
      });
      expect(new Set(results.map(({ finish }) => finish))).toEqual(new Set(['stop', 'length']));
    }
  });

  test('draws hang on seed, request and place, not on the batch', async () => {
    const options: GenerationOptions = { ...greedy, temperature: 1.5, topP: 0.9, seed: 7 };
    const together = await generate(fixture.model, prompts(), options, context);
    expect(await generate(fixture.model, prompts(), { ...options, batchRows: 1 }, context)).toMatchObject(together.map(({ tokenIds }) => ({ tokenIds })));
    const other = await generate(fixture.model, prompts(), { ...options, seed: 8 }, context);
    expect(other.map(({ tokenIds }) => tokenIds)).not.toEqual(together.map(({ tokenIds }) => tokenIds));

    const twice = await generate(fixture.model, [prompts()[0]!, prompts()[0]!], options, context);
    expect(twice[0]!.tokenIds).not.toEqual(twice[1]!.tokenIds);
    const seeded = { ...prompts()[0]!, seed: 3 };
    const [first, , third] = await generate(fixture.model, [seeded, prompts()[1]!, seeded], options, context);
    expect(third!.tokenIds).toEqual(first!.tokenIds);
  });

  test('never goes past what the model reads', async () => {
    const [result] = await generate(fixture.model, [prompts()[0]!], { ...greedy, contextLength: fixture.prompts[0]!.length + 3 }, context);
    expect(result).toMatchObject({ tokenIds: fixture.continuations[0]!.slice(0, 3), finish: 'length' });
  });

  test('says how many rows are done', async () => {
    const seen: WorkProgress[] = [];
    await generate(fixture.model, prompts(), { ...greedy, batchRows: 1 }, { ...context, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ done }) => done)).toEqual([1, 2, 3]);
    expect(seen[0]).toMatchObject({ total: 3, unit: 'rows' });
  });

  test('leaves no tensor behind, done, stopped or failed', async () => {
    const before = liveTensors();
    await generate(fixture.model, prompts(), { ...greedy, temperature: 1, topP: 0.5, batchRows: 2 }, context);
    expect(liveTensors()).toBe(before);

    const controller = new AbortController();
    const started = generate(fixture.model, prompts(), { maxNewTokens: 10_000, stopTokenIds: [] }, { signal: controller.signal, onProgress: () => undefined });
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(started).rejects.toThrow('enough');
    expect(liveTensors()).toBe(before);
  });

  test('what all prompts begin with is computed once, and changes not a bit', async () => {
    const beginning = Array.from({ length: 70 }, (_, index) => (index * 11) % 60);
    const alike = [[1], [2, 3, 4], [5, 6], [7], [8, 9]].map((end) => ({ tokenIds: [...beginning, ...end] }));
    const before = liveTensors();
    const seen: number[] = [];
    const counting = Object.create(fixture.model, {
      hidden: {
        value: (...[batch, cache]: Parameters<CausalLanguageModel['hidden']>) => {
          seen.push(batch.boundaries.at(-1)!);
          return fixture.model.hidden(batch, cache);
        },
      },
    }) as CausalLanguageModel;
    const together = await generate(counting, alike, { ...greedy, batchRows: 3 }, context);
    expect(seen[0]).toBe(70);
    expect(Math.max(...seen.slice(1))).toBeLessThan(10);
    for (const [index, request] of alike.entries()) expect(await generate(fixture.model, [request], greedy, context)).toEqual([together[index]]);
    expect(liveTensors()).toBe(before);
  });

  test('nothing asked is nothing done', async () => {
    expect(await generate(fixture.model, [], greedy, context)).toEqual([]);
  });

  test.each([
    [[], greedy, 'prompt-empty'],
    [[97], greedy, 'token-unknown'],
    [[1, 2, 3], { ...greedy, contextLength: 3 }, 'prompt-too-long'],
    [[1], { ...greedy, maxNewTokens: 0 }, 'option-out-of-range'],
    [[1], { ...greedy, temperature: -1 }, 'option-out-of-range'],
    [[1], { ...greedy, temperature: NaN }, 'option-out-of-range'],
    [[1], { ...greedy, topP: 0 }, 'option-out-of-range'],
  ] as const)('refuses %j with %j', async (tokenIds, options, code) => {
    await expect(generate(fixture.model, [{ tokenIds }], options, context)).rejects.toMatchObject({ code });
  });
});
