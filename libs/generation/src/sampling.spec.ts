import { noGrad, scope, setThreads, tensor } from '@tunesmith/tensor';
import { chooseTokens, likeliestTokens, type ChosenTokens, type Sampling } from './sampling.js';

beforeAll(() => setThreads(1));

/** Rows of probabilities as logits. */
function choose(rows: readonly (readonly number[])[], sampling: Sampling, uniforms: readonly number[] = []): ChosenTokens {
  return scope(() => noGrad(() => chooseTokens(tensor(rows.flat().map(Math.log), { shape: [rows.length, rows[0]!.length] }), sampling, uniforms)));
}

const shares = [0.1, 0.4, 0.2, 0.3];
const places = Array.from({ length: 1000 }, (_, index) => (index + 0.5) / 1000);

/** How often each token is drawn when the uniform numbers are spread evenly. */
function counts(sampling: Sampling): number[] {
  const found = [0, 0, 0, 0];
  for (const id of choose(places.map(() => shares), sampling, places).tokenIds) found[id]! += 1;
  return found;
}

describe('chooseTokens', () => {
  test('takes the likeliest at temperature 0, and says how likely it was', () => {
    const { tokenIds, logProbs } = choose([shares, [0.7, 0.1, 0.1, 0.1]], { temperature: 0, topP: 1 });
    expect(tokenIds).toEqual([1, 0]);
    expect(logProbs[0]).toBeCloseTo(Math.log(0.4), 5);
    expect(logProbs[1]).toBeCloseTo(Math.log(0.7), 5);
  });

  test('draws by probability', () => {
    expect(counts({ temperature: 1, topP: 1 })).toEqual([100, 400, 200, 300]);
  });

  test('draws more evenly at a higher temperature', () => {
    const squared = shares.map((share) => share ** 2);
    const total = squared.reduce((sum, each) => sum + each);
    counts({ temperature: 0.5, topP: 1 }).forEach((count, id) => expect(Math.abs(count - (1000 * squared[id]!) / total)).toBeLessThanOrEqual(1));
  });

  test('leaves out what is beyond topP', () => {
    expect(counts({ temperature: 1, topP: 0.7 })).toEqual([0, 571, 0, 429]); // 0.4 and 0.3 hold 0.7
    expect(counts({ temperature: 1, topP: 0.71 })).toEqual([0, 444, 222, 334]); // the next one is needed to reach it
    expect(counts({ temperature: 1, topP: 0.01 })).toEqual([0, 1000, 0, 0]);
  });

  test('draws the same from few candidates as from a whole vocabulary, also beside rows that need it', () => {
    const weights = Array.from({ length: 600 }, (_, id) => 1 - id / 6000);
    const total = weights.reduce((sum, weight) => sum + weight);
    const flat = weights.map((weight) => weight / total);
    const peaked = Array.from({ length: 600 }, (_, id) => (id === 77 ? 0.5 : id === 500 ? 0.4 : 0.1 / 598));
    const uniforms = [0.1, 0.6, 0.9, 0.3];
    /** The token at which the sum of shares, the nucleus of which is the first n, passes u of it. */
    const passes = (limit: number): number => flat.findIndex((_, id) => flat.slice(0, id + 1).reduce((sum, share) => sum + share, 0) >= limit);
    const held = flat.slice(0, passes(0.9) + 1).reduce((sum, share) => sum + share);
    const together = choose([peaked, flat, peaked, flat], { temperature: 1, topP: 0.9 }, uniforms).tokenIds;
    expect(together).toEqual([77, passes(0.6 * held), 500, passes(0.3 * held)]);
    for (const [row, shares] of [peaked, flat, peaked, flat].entries()) expect(choose([shares], { temperature: 1, topP: 0.9 }, [uniforms[row]!]).tokenIds).toEqual([together[row]]);
  });

  test('reports probabilities before temperature and topP', () => {
    const { tokenIds, logProbs } = choose([shares], { temperature: 0.1, topP: 0.5 }, [0.99]);
    expect(tokenIds).toEqual([1]);
    expect(logProbs[0]).toBeCloseTo(Math.log(0.4), 5);
  });

  test('refuses logits that are not finite', () => {
    expect(() => choose([shares, [NaN, 0.1, 0.1, 0.1]], { temperature: 0, topP: 1 })).toThrow(expect.objectContaining({ code: 'logits-not-finite', facts: { row: 1 } }));
    expect(() => choose([[Infinity, 1, 1, 1]], { temperature: 1, topP: 1 }, [0.5])).toThrow(expect.objectContaining({ code: 'logits-not-finite' }));
  });
});

test('log-probabilities of large logits are as exact as those of small ones', () => {
  const raised = (by: number) => scope(() => noGrad(() => {
    const logits = tensor([1.5, 0.25, -2, 0.75].map((logit) => logit + by), { shape: [1, 4] });
    return [likeliestTokens(logits, [4])[0]!.map(({ logProb }) => logProb), chooseTokens(logits, { temperature: 1, topP: 1 }, [0.1]).logProbs];
  }));
  expect(raised(4096)).toEqual(raised(0));
});
