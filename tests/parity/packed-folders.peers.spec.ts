import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportHf, hfTargets, openFolderRuntime, openSourceModel, runtimeLogProbabilities, type HfOptions } from '@tunesmith/quantization';
import { temporaryFolder } from '@tunesmith/tests-support';
import { decoderConfigs } from '../../libs/quantization/src/testing/decoder-configs.js';
import { drawModel } from '../../libs/quantization/src/testing/draw-model.js';
import { findPythonPeers } from '../../tools/python-peers.mjs';

// Folders of packed linears in transformers, which reads them by compressed-tensors: the probabilities that our own runtime computes with the
// same folder.

const python = join(findPythonPeers()!, 'bin', 'python');

const modelTypes = { llama: 'llama', qwen2: 'qwen2', qwen3: 'qwen3', gemma3: 'gemma3_text', phi3: 'phi3', gpt_neox: 'gpt_neox' } as const;
const calibration = Array.from({ length: 8 }, (_, index) => ({ index, tokenIds: Array.from({ length: 40 }, (_token, place) => 6 + ((place * (97 + index)) % 310)), lossMask: new Array<boolean>(40).fill(true) }));
const tokenIds = Array.from({ length: 24 }, (_, place) => 6 + ((place * 53) % 310));

const targets: readonly (readonly [target: string, options: HfOptions])[] = [
  ['rtn-int4', { groupSize: 32 }],
  ['rtn-int4', { groupSize: 64, symmetric: false }],
  ['rtn-int8', { groupSize: 0 }],
  ['gptq-int4', { groupSize: 32, actOrder: 'static' }],
  ['awq-int4', { groupSize: 32 }],
  ['hqq-int4', { groupSize: 32 }],
  ['w8a8', {}],
];

/**
 * How far a probability may be from ours. Inputs in 8 bits put the largest of each token exactly between two levels, 127.5 scales from zero: there the last bit of a
 * float32 decides, and one step of the largest number is much in models so small. For equal inputs a linear gives equal results.
 */
const tolerance = (target: string): number => (target === 'w8a8' ? 0.05 : 1e-3);

test.each(Object.entries(modelTypes))('%s: transformers computes our probabilities with every folder', async (family, modelType) => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), { ...decoderConfigs[family]!, model_type: modelType, pad_token_id: 0 }));
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  const folders = targets.map((_, index) => join(folder.path, `out-${index}`));
  for (const [index, [target, options]] of targets.entries()) {
    await exportHf(model, hfTargets.find(({ name }) => name === target)!, target.startsWith('gptq') ? { format: 'compressed-tensors', ...options } : options, folders[index]!, context, { calibration });
  }
  const script = new URL('packed-folder-logits.py', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(python, [script, tokenIds.join(), ...folders], { maxBuffer: 2 ** 28, env: { ...process.env, HF_HUB_OFFLINE: '1' } });
  const theirs = stdout.split('\n').filter((line) => line.startsWith('{"logProbabilities"')).map((line) => JSON.parse(line) as { logProbabilities: number[]; packed: number });
  const found: unknown[] = [];
  for (const [index, [target, options]] of targets.entries()) {
    await using runtime = await openFolderRuntime(folders[index]!, { contextSize: 64, threads: 1, signal: context.signal });
    const ours = await runtimeLogProbabilities(runtime, tokenIds, tokenIds.map(() => true), context.signal);
    const { logProbabilities, packed } = theirs[index]!;
    const difference = Math.max(...ours.map((value, at) => Math.abs(value - logProbabilities[at]!)));
    found.push({ target, options, packed, difference, within: difference < tolerance(target) });
  }
  const packed = 2 * (family === 'phi3' || family === 'gpt_neox' ? 4 : 7);
  expect(found).toEqual(targets.map(([target, options]) => ({ target, options, packed, difference: expect.any(Number), within: true })));
}, 300_000);
