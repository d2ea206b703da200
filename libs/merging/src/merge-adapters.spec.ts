import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { liveTensors, type WorkContext } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { mergeAdapters, type MergeAdaptersOptions } from './merge-adapters.js';
import { readUpdate, writeRandomAdapter } from './testing/random-adapter.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress() {} };
const shared = 'model.layers.0.self_attn.q_proj';
const alone = 'model.layers.1.self_attn.q_proj';
let scratch: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => join(scratch.path, name);
const merge = (options: Partial<MergeAdaptersOptions>, out: string) => mergeAdapters({ adapters: [at('one'), at('two')], combination: 'stack', ...options }, at(out), context);

beforeAll(async () => {
  scratch = await temporaryFolder('merge-adapters');
  await writeRandomAdapter(at('one'), { seed: 1, rank: 2, alpha: 4, modules: { [shared]: [12, 10], [alone]: [12, 10] }, scale: 1 });
  await writeRandomAdapter(at('two'), { seed: 2, rank: 2, alpha: 1, modules: { [shared]: [12, 10] }, scale: 1 });
  await writeRandomAdapter(at('wide'), { seed: 3, rank: 3, modules: { [shared]: [12, 10] }, scale: 1 });
  await writeRandomAdapter(at('misfit'), { seed: 3, rank: 2, modules: { [shared]: [12, 11] }, scale: 1 });
});
afterAll(() => scratch.remove());

async function weightedSum(weights: readonly [number, number]): Promise<number[]> {
  const [one, two] = [await readUpdate(at('one'), shared), await readUpdate(at('two'), shared)];
  return one.map((value, index) => weights[0] * value + weights[1] * two[index]!);
}

function expectClose(values: readonly number[], expected: readonly number[]): void {
  expect(values).toHaveLength(expected.length);
  values.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 4));
}

test('side by side they are their weighted sum, exactly; a module that one does not have is the other\'s', async () => {
  const before = liveTensors();
  expect(await merge({ parameters: { weight: [0.5, -2] } }, 'stacked')).toMatchObject({ modules: 2, largestRank: 4, lostShare: 0, method: 'task_arithmetic' });
  expect(liveTensors()).toBe(before);
  expectClose(await readUpdate(at('stacked'), shared), await weightedSum([0.5, -2]));
  expectClose(await readUpdate(at('stacked'), alone), (await readUpdate(at('one'), alone)).map((value) => value / 2));
});

test('merged updates are cut back by singular values: wholly held by the sum of the ranks, the nearest below it', async () => {
  const whole = await merge({ combination: 'updates', rank: 4 }, 'whole');
  expect(whole.lostShare).toBeLessThan(1e-5);
  expectClose(await readUpdate(at('whole'), shared), await weightedSum([1, 1]));
  const cut = await merge({ combination: 'updates', rank: 1 }, 'cut');
  expect(cut.largestRank).toBe(1);
  expect(cut.lostShare).toBeGreaterThan(0.1);
});

test('any method for many models merges updates, with its seed', async () => {
  await merge({ combination: 'updates', method: 'ties', parameters: { density: 0.5 }, rank: 10 }, 'ties');
  const [one, two] = [await readUpdate(at('one'), shared), await readUpdate(at('two'), shared)];
  const kept = (values: readonly number[]): number[] => {
    const bound = values.map(Math.abs).sort((a, b) => b - a)[values.length / 2 - 1]!;
    return values.map((value) => (Math.abs(value) >= bound ? value : 0));
  };
  const [first, second] = [kept(one), kept(two)];
  expectClose(await readUpdate(at('ties'), shared), first.map((value, index) => {
    const other = second[index]!;
    const sign = value + other >= 0 ? 1 : -1;
    const agreeing = [value, other].filter((each) => each * sign > 0);
    return agreeing.length === 0 ? 0 : agreeing.reduce((sum, each) => sum + each) / agreeing.length;
  }));
  const dare = async (seed: number, out: string): Promise<string> => {
    await merge({ combination: 'updates', method: 'dare_linear', parameters: { density: 0.5 }, seed }, out);
    return (await readFile(join(at(out), 'adapter_model.safetensors'))).toString('base64');
  };
  expect(await dare(1, 'dare-1')).toBe(await dare(1, 'dare-1-again'));
  expect(await dare(1, 'dare-1')).not.toBe(await dare(2, 'dare-2'));
});

test('factors are merged one by one, each with the root of weight and scaling, as PEFT does', async () => {
  await merge({ combination: 'factors', parameters: { weight: [0.25, 0.25] } }, 'factors');
  // Equal adapters: the roots of w s on both sides give w s B A for each, and the sum of both sides four times that of one.
  await merge({ adapters: [at('one'), at('one')], combination: 'factors', parameters: { weight: [0.25, 0.25] } }, 'twice');
  expectClose(await readUpdate(at('twice'), shared), await readUpdate(at('one'), shared));
  expect((await readUpdate(at('factors'), alone))[0]).toBeCloseTo((await readUpdate(at('one'), alone))[0]! / 4, 4);
});

test.each<[string, () => Partial<MergeAdaptersOptions>, RegExp]>([
  ['different ranks of factors', () => ({ adapters: [at('one'), at('wide')], combination: 'factors' }), /expected one rank of .*q_proj with the combination factors; got 2 and 3/],
  ['updates of different shapes', () => ({ adapters: [at('one'), at('misfit')] }), /expected updates of .*q_proj of one shape; got \[12, 10\] and \[12, 11\]/],
  ['weights that are too few', () => ({ parameters: { weight: [1] } }), /task_arithmetic.weight: expected a finite number for all 2 models/],
  ['a method for one model', () => ({ combination: 'updates', method: 'slerp' }), /expected a method for any number of models, .*; got slerp/],
  ['a method beside stack', () => ({ method: 'ties' }), /expected no method with the combination stack/],
  ['a rank beside stack', () => ({ rank: 3 }), /rank: expected a whole number of at least 1, with the combination updates alone; got 3 with stack/],
  ['too few adapters', () => ({ adapters: [] }), /expected at least 1 adapters; got 0/],
])('refuses %s', async (_name, options, message) => {
  await expect(merge(options(), 'refused')).rejects.toThrow(message);
});

test('refuses DoRA', async () => {
  await writeRandomAdapter(at('dora'), { seed: 1, rank: 2, modules: { [shared]: [12, 10] } });
  const path = join(at('dora'), 'adapter_config.json');
  await writeFile(path, JSON.stringify({ ...(JSON.parse(await readFile(path, 'utf8')) as object), use_dora: true }));
  await expect(merge({ adapters: [at('dora'), at('one')] }, 'refused')).rejects.toThrow(/expected adapters of A and B alone; .*dora has something else/);
});
