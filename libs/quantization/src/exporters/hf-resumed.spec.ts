import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setThreads } from '@tunesmith/tensor';
import { decoderConfigs } from '../testing/decoder-configs.js';
import { drawModel } from '../testing/draw-model.js';
import { temporaryFolder } from '../testing/tiny-models.js';
import { exportHf, type HfOptions, type HfWork } from './hf.js';
import { hfTargets } from './hf/hf-targets.js';
import { openSourceModel } from './source-model.js';

const root = join(import.meta.dirname, '../../../..');
const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => ({ index, tokenIds: Array.from({ length: 40 }, (_token, place) => 6 + ((place * (97 + index) + index * 31) % 310)), lossMask: new Array<boolean>(40).fill(true) }));
const llama = { ...decoderConfigs['llama']!, num_hidden_layers: 4 };

beforeAll(() => {
  setThreads(1);
  // A process of its own runs what is compiled.
  spawnSync(process.execPath, [join(root, 'tools/build.mjs')]);
});

interface Asked extends HfWork {
  readonly source: string;
  readonly name: string;
  readonly options: HfOptions;
  readonly folder: string;
}

/** `stopAfter`: so many layers of this attempt. */
async function write({ source, name, options, folder, ...work }: Asked, stopAfter?: number) {
  await using model = await openSourceModel(source);
  const stop = new AbortController();
  const layers: number[] = [];
  const onProgress = ({ done }: { done: number }) => {
    layers.push(done);
    if (layers.length === stopAfter) stop.abort(new Error('stopped'));
  };
  const written = await exportHf(model, hfTargets.find((target) => target.name === name)!, options, folder, { signal: stop.signal, onProgress }, { calibration: rowsOf(12), ...work });
  return { ...written, layers };
}

/** The same in another process, which dies when so many layers are done. */
function writeUntilKilled(asked: Asked, layers: number): void {
  const script = `
    const room = (name) => import(${JSON.stringify(join(root, 'libs'))} + '/' + name + '/dist/index.js');
    const [{ exportHf, hfTargets, openSourceModel }, { setThreads }] = await Promise.all(['quantization', 'tensor'].map(room));
    const { source, name, options, folder, ...work } = JSON.parse(process.argv[1]);
    setThreads(1);
    const model = await openSourceModel(source);
    const onProgress = ({ done }) => done === ${layers} && process.kill(process.pid, 'SIGKILL');
    await exportHf(model, hfTargets.find((target) => target.name === name), options, folder, { signal: new AbortController().signal, onProgress }, work);`;
  const { signal, stderr } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script, JSON.stringify({ calibration: rowsOf(12), ...asked })], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' }, timeout: 300_000 });
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
}

async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')] as const)));
}

test.each([
  ['gptq-int4', { groupSize: 32 }],
  ['gptq-int4', { groupSize: 32, format: 'gptq', actOrder: 'group', symmetric: false }],
  ['w8a8', {}],
  ['awq-int4', { groupSize: 32 }],
  ['hqq-int4', { groupSize: 32 }],
] as const)('%s with %j: what was killed goes on from the layers that were done, and ends with the same bytes', async (name, options) => {
  await using home = await temporaryFolder();
  const at = (place: string) => join(home.path, place);
  const asked = { source: await drawModel(at('model'), llama), name, options };
  const whole = await write({ ...asked, folder: at('whole') });
  expect(whole).toMatchObject({ resumedLayers: 0, layers: [1, 2, 3, 4] });
  const again = { ...asked, folder: at('out') };
  writeUntilKilled(again, 2);
  expect(existsSync(at('out'))).toBe(false);
  writeUntilKilled(again, 3);
  const resumed = await write(again);
  expect(resumed).toMatchObject({ resumedLayers: 3, layers: [4], bytes: whole.bytes, content: whole.content });
  expect(await filesOf(at('out'))).toEqual(await filesOf(at('whole')));
  expect((await readdir(home.path)).sort()).toEqual(['model', 'out', 'whole']);
});

test.each(['gemma3', 'mixtral'])('layers of %s that are passed over leave nothing behind that the next ones need', async (family) => {
  await using home = await temporaryFolder();
  const at = (place: string) => join(home.path, place);
  const asked = { source: await drawModel(at('model'), decoderConfigs[family]!), name: 'gptq-int4', options: { groupSize: 32 } };
  await write({ ...asked, folder: at('whole') });
  await expect(write({ ...asked, folder: at('out') }, 1)).rejects.toThrow('stopped');
  expect(await write({ ...asked, folder: at('out') })).toMatchObject({ resumedLayers: 1, layers: [2] });
  expect(await filesOf(at('out'))).toEqual(await filesOf(at('whole')));
});

describe('what is left of an attempt', () => {
  const options = { groupSize: 32 };

  test('is used wherever the model lies, and stays in a folder that the caller keeps', async () => {
    await using home = await temporaryFolder();
    const at = (place: string) => join(home.path, place);
    const asked = { source: await drawModel(at('model'), llama), name: 'gptq-int4', options, layersFolder: at('kept') };
    await expect(write({ ...asked, folder: at('one') }, 3)).rejects.toThrow('stopped');
    await rename(at('model'), at('moved'));
    const moved = { ...asked, source: at('moved') };
    expect(await write({ ...moved, folder: at('two') })).toMatchObject({ resumedLayers: 3 });
    expect(await write({ ...moved, folder: at('three') })).toMatchObject({ resumedLayers: 4, layers: [] });
    expect(await filesOf(at('three'))).toEqual(await filesOf(at('two')));
  });

  test('is not used for other settings, rows or weights', async () => {
    await using home = await temporaryFolder();
    const at = (place: string) => join(home.path, place);
    const asked = { source: await drawModel(at('model'), llama), name: 'gptq-int4', options, layersFolder: at('kept') };
    await cp(at('model'), at('other'), { recursive: true });
    const weights = await readFile(at('other/model.safetensors'));
    weights[weights.length - 2]! ^= 1;
    await writeFile(at('other/model.safetensors'), weights);
    const others: Partial<Asked>[] = [{ options: { ...options, damping: 0.02 } }, { options: { groupSize: 64 } }, { name: 'gptq-int8' }, { calibration: rowsOf(11) }, { source: at('other') }];
    for (const [index, other] of others.entries()) {
      await rm(at('kept'), { recursive: true, force: true });
      await expect(write({ ...asked, folder: at('out') }, 2)).rejects.toThrow('stopped');
      const folder = at(`with-${index}`);
      expect(await write({ ...asked, ...other, folder })).toMatchObject({ resumedLayers: 0, layers: [1, 2, 3, 4] });
      await write({ ...asked, ...other, layersFolder: undefined, folder: at(`alone-${index}`) });
      expect(await filesOf(folder)).toEqual(await filesOf(at(`alone-${index}`)));
    }
  });

  test('counts up to what is whole', async () => {
    await using home = await temporaryFolder();
    const at = (place: string) => join(home.path, place);
    const asked = { source: await drawModel(at('model'), llama), options: {}, folder: at('out') };
    const plain = { ...asked, name: 'rtn-int8', layersFolder: at('plain') };
    await expect(write(plain, 3)).rejects.toThrow('stopped');
    await truncate(at('plain/layer-0001.safetensors'), 100);
    expect(await write(plain)).toMatchObject({ resumedLayers: 1 });
    const calibrated = { ...asked, name: 'w8a8', layersFolder: at('calibrated') };
    await expect(write(calibrated, 3)).rejects.toThrow('stopped');
    await rm(at('calibrated/hidden.safetensors'));
    expect(await write(calibrated)).toMatchObject({ resumedLayers: 0 });
  });
});
