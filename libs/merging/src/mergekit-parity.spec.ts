import { join } from 'node:path';
import { noGrad, scope, setThreads, threads, type Tensor } from '@tunesmith/tensor';
import { methods } from './methods.js';
import { countDifferences, isComparable, mergeAsMergekit, parityFolder, readMergeCases, readTensors, type MergeCases } from './testing/mergekit-cases.js';

// Element by element what mergekit 0.1.5 made of the same small weights, its chances pinned: tests/parity/make-merge-fixtures.py.

const dtypes = ['bfloat16', 'float16', 'float32', 'float64'] as const;
const fixtures = new Map<string, Map<string, Tensor>>();
let cases: MergeCases;
let before: number;

beforeAll(async () => {
  before = threads();
  setThreads(1);
  cases = await readMergeCases();
  for (const dtype of dtypes) fixtures.set(dtype, await readTensors(join(parityFolder, 'fixtures', 'merging', `${dtype}.safetensors`)));
});
afterAll(() => {
  setThreads(before);
  for (const tensors of fixtures.values()) for (const tensor of tensors.values()) tensor.dispose();
});

const own = ['lora-fold', 'varm', 'widen'];
const compared = methods.map(({ name }) => name).filter((name) => !own.includes(name));

test('the cases are of every method that both have', () => {
  expect(Object.keys(cases).sort()).toEqual([...compared].sort());
});

test.each(dtypes.flatMap((dtype) => compared.filter((name) => isComparable(`${name}.`, dtype)).map((name) => [name, dtype] as const)))('%s in %s has the very bits of mergekit', (name, dtype) => {
  const tensors = fixtures.get(dtype)!;
  const keys = [...tensors.keys()].filter((key) => key.startsWith(`${name}.`));
  expect(keys.length).toBeGreaterThan(0);
  const differences = keys.map((key) => scope(() => noGrad(() => ({ key, ...countDifferences(mergeAsMergekit(key, cases, tensors, 1), tensors.get(key)!) }))));
  expect(differences.filter(({ unequal }) => unequal > 0)).toEqual([]);
});
