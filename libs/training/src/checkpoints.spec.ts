import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { full, zeros, type Tensor } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import type { TensorGroups } from './checkpoint-folder.js';
import { Checkpoints } from './checkpoints.js';

interface Place {
  readonly at: string;
}

const options = { seed: 1, batch: 8 };
const place = (folder: string, writer = 'a') => ({ folder, writer, inputs: { model: 'sha256:1' } });
const groupsOf = (weight: Tensor): TensorGroups => ({ parameters: new Map([['weight', weight]]), optimizer: new Map([['weight.steps', weight]]) });
const stepsIn = async (folder: string): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith('step-')).sort();

/** Saves weights that are all the step's number. */
async function save(checkpoints: Checkpoints<Place>, step: number, isBest = false): Promise<void> {
  const weight = full([3], step, { dtype: 'bfloat16' });
  await checkpoints.save(step, { at: `step ${step}` }, groupsOf(weight), { isBest });
  weight.dispose();
}

async function weightsOf(checkpoints: Checkpoints<Place>, which: 'restore' | 'restoreBest' = 'restore'): Promise<number[]> {
  const weight = zeros([3], { dtype: 'bfloat16' });
  await checkpoints[which](groupsOf(weight));
  const values = weight.toArray();
  weight.dispose();
  return values;
}

test('the last two stay, and the best; the newest is what the next attempt finds, under its own name', async () => {
  await using folder = await temporaryFolder('checkpoints');
  const first = await Checkpoints.open<Place>(place(folder.path), options);
  expect(first.progress).toBeUndefined();
  for (const step of [1, 2, 3, 4, 5]) await save(first, step, step === 2);
  expect(await stepsIn(join(folder.path, 'a'))).toEqual(['step-00000002', 'step-00000004', 'step-00000005']);

  const second = await Checkpoints.open<Place>(place(folder.path, 'b'), options);
  expect(second.progress).toEqual({ at: 'step 5' });
  expect(await readdir(folder.path)).toEqual(['b']);
  expect(await weightsOf(second)).toEqual([5, 5, 5]);
  expect(await weightsOf(second, 'restoreBest')).toEqual([2, 2, 2]);
  await save(second, 6);
  expect(await stepsIn(join(folder.path, 'b'))).toEqual(['step-00000002', 'step-00000005', 'step-00000006']);
  // The first attempt has lost its folder, and cannot write into that of the second.
  await expect(save(first, 7)).rejects.toThrow();
  expect(await readdir(folder.path)).toEqual(['b']);
});

test('a damaged checkpoint is passed over for the one before it; with none whole the training begins anew', async () => {
  await using folder = await temporaryFolder('checkpoints');
  const first = await Checkpoints.open<Place>(place(folder.path), options);
  for (const step of [1, 2]) await save(first, step);
  const shard = join(folder.path, 'a/step-00000002/parameters.safetensors');
  await truncate(shard, 20);
  expect((await Checkpoints.open<Place>(place(folder.path), options)).progress).toEqual({ at: 'step 1' });
  await rm(join(folder.path, 'a/step-00000001/manifest.json'));
  expect((await Checkpoints.open<Place>(place(folder.path), options)).progress).toBeUndefined();
  await writeFile(join(folder.path, 'a/latest.json'), '{');
  expect((await Checkpoints.open<Place>(place(folder.path), options)).progress).toBeUndefined();
});

test('a checkpoint of another training is refused with what differs, and stays', async () => {
  await using folder = await temporaryFolder('checkpoints');
  await save(await Checkpoints.open<Place>(place(folder.path), options), 1);
  const another = { ...place(folder.path, 'b'), inputs: { model: 'sha256:2' } };
  await expect(Checkpoints.open(another, { seed: 2 })).rejects.toMatchObject({
    code: 'checkpoint-of-another', facts: { differences: ['model', 'seed', 'batch'] },
    message: expect.stringContaining('model was "sha256:1" and is "sha256:2"; seed was 1 and is 2; batch was 8 and is not given'),
  });
  expect(await stepsIn(join(folder.path, 'a'))).toEqual(['step-00000001']);
});

test('tensors that are not those of the checkpoint are refused by name', async () => {
  await using folder = await temporaryFolder('checkpoints');
  await save(await Checkpoints.open<Place>(place(folder.path), options), 1);
  const again = await Checkpoints.open<Place>(place(folder.path), options);
  const unlike = { parameters: new Map([['weight', zeros([4])], ['bias', zeros([4])]]) };
  await expect(again.restore(unlike)).rejects.toMatchObject({ code: 'checkpoint-mismatch', message: expect.stringContaining('weight is BF16 [3] there and F32 [4] here; bias is not in it') });
});
