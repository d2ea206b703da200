import { mediaTypes, type ServedModel as ServedModelRef } from '@tunesmith/contracts';
import type { WorkerCall } from '@tunesmith/platform';
import { ServedModels } from './served-models.js';

const ref = (file?: string): ServedModelRef => {
  const artifact = { digest: `sha256:${'1'.repeat(64)}`, size: 1, mediaType: file === undefined ? mediaTypes.model : mediaTypes.gguf };
  return file === undefined ? { kind: 'model', artifact, dtype: 'bfloat16' } : { kind: 'file', artifact, file };
};

/** Models whose processes do nothing until they are told to end; the first `broken` stagings fail. */
function served({ broken = 0 } = {}) {
  const calls: { readonly call: WorkerCall; readonly end: () => void }[] = [];
  let [staged, released] = [0, 0];
  const artifacts = {
    stage: async () => {
      staged += 1;
      if (staged <= broken) throw new Error(`disk ${staged}`);
      return { artifact: '/staged', [Symbol.asyncDispose]: async () => void (released += 1) };
    },
  };
  const workers = {
    run: (_name: string, _input: unknown, call: WorkerCall) =>
      new Promise<void>((resolve, reject) => {
        calls.push({ call, end: resolve });
        call.signal.addEventListener('abort', () => reject(call.signal.reason as Error));
      }),
  };
  return { models: new ServedModels(artifacts as never, workers as never, { most: 4, idleTime: 1000, adapterCache: '/cache' }), calls, counts: () => ({ staged, released }) };
}

test('a model that is leaving is followed by one other, however many ask at once', async () => {
  const { models, calls } = served();
  const first = await models.of(ref());
  expect(await models.of(ref())).toBe(first);
  calls[0]!.call.onWanted!();
  expect(first.isServing).toBe(false);
  const [second, ...others] = await Promise.all([models.of(ref()), models.of(ref()), models.of(ref())]);
  expect(second).not.toBe(first);
  expect(others).toEqual([second, second]);
  // The end of the first does not take the second away.
  calls[0]!.end();
  await first.ended;
  expect(await models.of(ref())).toBe(second);
  expect(calls).toHaveLength(2);
  await models.stop();
  expect(second.isServing).toBe(false);
});

test('those who wait for a start share its failure, and the next request tries anew', async () => {
  const { models, calls, counts } = served({ broken: 1 });
  const asked = await Promise.allSettled([models.of(ref()), models.of(ref())]);
  expect(asked.map((each) => (each.status === 'rejected' ? String(each.reason) : 'served'))).toEqual(['Error: disk 1', 'Error: disk 1']);
  const model = await models.of(ref());
  expect([model.isServing, calls.length, counts().staged]).toEqual([true, 1, 2]);
  await models.stop();
});

test('stopping does not fail over a start that failed, and ends the others', async () => {
  const { models } = served({ broken: 1 });
  const failed = models.of(ref());
  const model = models.of(ref('small.gguf'));
  await Promise.all([expect(models.stop()).resolves.toBeUndefined(), expect(failed).rejects.toThrow('disk 1')]);
  expect((await model).isServing).toBe(false);
});

test('a file outside the artifact is refused, and what was staged is given back', async () => {
  const { models, counts } = served();
  await expect(models.of(ref('../secret.gguf'))).rejects.toMatchObject({ code: 'file-outside' });
  expect(counts()).toEqual({ staged: 1, released: 1 });
  await models.stop();
});
