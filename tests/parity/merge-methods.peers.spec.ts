import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openSafetensors } from '@tunesmith/checkpoints';
import { noGrad, ops, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { countDifferences, isComparable, mergeAsMergekit, readMergeCases, readTensors, type MergeCases } from '../../libs/merging/src/testing/mergekit-cases.js';
import { findPythonPeers } from '../../tools/python-peers.mjs';

// Our merge methods and those of the mergekit that is installed, on random weights with the shapes of tiny models. Every bit must be equal; of random methods where
// their chances are ours (make-merge-fixtures.py says how), and with mergekit's own they must do as much.

/** One fixture of each family gives the shapes. */
const fixtures = ['llama-grouped-tied', 'qwen2-published-tied', 'gpt2-new-gelu'] as const;
const dtypes = ['bfloat16', 'float16', 'float32', 'float64'] as const;
const requestSeed = 11;
const random = ['dare_linear', 'dare_ties', 'della', 'della_linear'];

interface Run {
  readonly inputs: string;
  readonly out: string;
}

let scratch: Awaited<ReturnType<typeof temporaryFolder>> | undefined;
let cases: MergeCases;
const runs = new Map<string, Run>();
const opened: Map<string, Tensor>[] = [];

beforeAll(async () => {
  setThreads(1);
  const peers = findPythonPeers();
  if (peers === undefined) throw new Error('expected a Python environment with mergekit; TUNESMITH_PEERS names none, and none was made yet. Try npm run test:peers, which makes one.');
  scratch = await temporaryFolder('merge-methods');
  cases = await readMergeCases();
  const ofRandomMethods = Object.fromEntries(Object.entries(cases).filter(([name]) => random.includes(name)));
  const tasks: object[] = [];
  for (const fixture of fixtures) {
    await using source = await openSafetensors(join(import.meta.dirname, 'fixtures', 'families', fixture));
    const shapes = Object.fromEntries([...source.names()].map((name) => [name, source.info(name).shape]));
    for (const dtype of dtypes) {
      for (const pinned of [true, false]) {
        const run = { inputs: join(scratch.path, `${fixture}-${dtype}.safetensors`), out: join(scratch.path, `${fixture}-${dtype}-${pinned}.safetensors`) };
        runs.set(`${fixture} ${dtype} ${pinned}`, run);
        tasks.push({ shapes, dtype, ...run, cases: pinned ? cases : ofRandomMethods, seed: requestSeed, pinned });
      }
    }
  }
  await writeFile(join(scratch.path, 'tasks.json'), JSON.stringify(tasks));
  await promisify(execFile)(join(peers, 'bin', 'python'), [join(import.meta.dirname, 'make-merge-fixtures.py'), join(scratch.path, 'tasks.json')], { env: { ...process.env, HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '1' } });
}, 1_200_000);

afterAll(async () => {
  for (const tensors of opened) for (const tensor of tensors.values()) tensor.dispose();
  await scratch?.remove();
});

async function open(fixture: string, dtype: string, pinned: boolean): Promise<{ inputs: Map<string, Tensor>; merged: Map<string, Tensor> }> {
  const run = runs.get(`${fixture} ${dtype} ${pinned}`)!;
  const [inputs, merged] = [await readTensors(run.inputs), await readTensors(run.out)];
  opened.push(inputs, merged);
  return { inputs, merged };
}

describe.each(fixtures.flatMap((fixture) => dtypes.map((dtype) => [fixture, dtype] as const)))('weights of %s in %s', (fixture, dtype) => {
  test('every method has the very bits of mergekit', async () => {
    const { inputs, merged } = await open(fixture, dtype, true);
    const unequal = [...merged].filter(([key]) => isComparable(key, dtype)).map(([key, theirs]) => scope(() => noGrad(() => ({ key, ...countDifferences(mergeAsMergekit(key, cases, inputs, requestSeed), theirs) })))).filter((each) => each.unequal > 0);
    expect(unequal).toEqual([]);
    expect(merged.size).toBeGreaterThan(100);
  });

  test("with mergekit's chances random methods change as much", async () => {
    const { inputs, merged } = await open(fixture, dtype, false);
    const changes = new Map<string, { ours: number; theirs: number; elements: number }>();
    for (const [key, theirs] of merged) {
      const [name, weight] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)];
      const base = inputs.get(`0:${weight}`)!;
      const changed = (tensor: Tensor): number => ops.countNonzero(ops.sub(tensor, base)).item();
      const sum = changes.get(name) ?? { ours: 0, theirs: 0, elements: 0 };
      scope(() => noGrad(() => void changes.set(name, { ours: sum.ours + changed(mergeAsMergekit(key, cases, inputs, requestSeed)), theirs: sum.theirs + changed(theirs), elements: sum.elements + base.size })));
    }
    expect(changes.size).toBeGreaterThan(5);
    for (const [key, { ours, theirs, elements }] of changes) {
      const share = theirs / elements;
      const deviation = Math.sqrt((2 * Math.max(share * (1 - share), 1 / elements)) / elements);
      if (Math.abs(ours - theirs) / elements > 5 * deviation) throw new Error(`${key}: ${ours} of ${elements} elements changed here, ${theirs} in mergekit`);
    }
  });
});
