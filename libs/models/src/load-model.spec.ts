import { readModelFolder, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { fromBytes, liveTensors, noGrad, ops, scope, setThreads, type DType } from '@tunesmith/tensor';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from './load-model.js';

const fixture = fileURLToPath(new URL('../../../tests/parity/fixtures/families/llama-grouped-tied/', import.meta.url));
const stored: readonly (readonly [DType, string])[] = [['float32', 'F32'], ['bfloat16', 'BF16'], ['float16', 'F16']];

/** The fixture with its weights in another type; `broken`: the last of a tensor is no number. */
async function folderIn(folder: string, dtype: DType, name: string, broken?: string): Promise<void> {
  await using source = await readModelFolder(fixture);
  const tensors: SafetensorsEntry[] = [];
  for (const tensor of source.tensors.names()) {
    const { shape } = source.tensors.info(tensor);
    const bytes = await source.tensors.read(tensor);
    const narrowed = scope(() =>
      noGrad(() => {
        const numbers = ops.toDtype(fromBytes(bytes, { shape, dtype: 'float32' }), dtype);
        if (tensor === broken) ops.fillInPlace(ops.narrow(ops.flatten(numbers), 0, numbers.size - 1, 1), NaN);
        return numbers.toBytes();
      }),
    );
    tensors.push({ name: tensor, dtype: name, shape, bytes: narrowed });
  }
  await writeModelFolder(folder, { config: source.config, tensors });
}

describe('loadModel', () => {
  let folder: string;
  beforeAll(() => setThreads(1));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'load-model-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each(stored)('computes in %s where the folder stores that, and in what is asked for', async (dtype, name) => {
    await folderIn(folder, dtype, name);
    const { model: own } = await loadModel(folder, { dtype: 'model' });
    const { model: wide } = await loadModel(folder, { dtype: 'float32' });
    const { model: narrow } = await loadModel(folder, { dtype: 'bfloat16' });
    using _own = own;
    using _wide = wide;
    using _narrow = narrow;
    for (const [path, parameter] of own.parameters()) {
      expect(parameter.dtype).toBe(dtype);
      const exact = wide.parameters().get(path);
      expect(exact?.dtype).toBe('float32');
      expect(exact?.toArray()).toEqual(parameter.toArray());
      scope(() => expect(narrow.parameters().get(path)?.toArray()).toEqual(exact && ops.toDtype(exact, 'bfloat16').toArray()));
    }
  });

  test.each(stored)('refuses a NaN stored as %s, whatever it computes in', async (dtype, name) => {
    const broken = 'model.layers.0.mlp.up_proj.weight';
    await folderIn(folder, dtype, name, broken);
    const before = liveTensors();
    for (const asked of ['model', 'float32', 'bfloat16'] as const) {
      await expect(loadModel(folder, { dtype: asked })).rejects.toMatchObject({ code: 'model-weights-not-finite', facts: { name: broken, count: 1 } });
    }
    expect(liveTensors()).toBe(before);
  });
});
