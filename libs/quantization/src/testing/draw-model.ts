import { bfloat16FromFloat32, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { familyFor } from '@tunesmith/models';
import { randn, RandomGenerator, scope } from '@tunesmith/tensor';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTinyModel } from './tiny-models.js';

/** Writes a model folder of this config.json: wide random weights that bfloat16 holds exactly, and the tokenizer of the tiny Llama (320 tokens). */
export async function drawModel(folder: string, config: Record<string, unknown>): Promise<string> {
  const family = familyFor(config);
  const generator = new RandomGenerator(3);
  const tensors = family.weights.tensors(family.parseConfig(config)).map(({ huggingFace: name, shape: ours, transform, stored }): SafetensorsEntry => {
    const shape = stored === 'transposed' ? ours.toReversed() : ours;
    const noise = new Float32Array(scope(() => randn(shape, { generator }).toBytes()).buffer);
    // T5 does not scale its scores: its queries are drawn that much smaller.
    const unscaled = /(?:SelfAttention|EncDecAttention)\.q\.weight$/.test(name) ? Number(config['d_kv']) ** -0.5 : 1;
    const size = shape.length > 1 ? (1.2 / Math.sqrt(ours.at(-1)!)) * unscaled : 0.2;
    const middle = /norm|ln_/.test(name) && name.endsWith('.weight') && transform?.kind !== 'plus-one' ? 1 : 0;
    const values = noise.map((value) => middle + value * size);
    return { name, dtype: 'BF16', shape, bytes: new Uint8Array(bfloat16FromFloat32(values).buffer) };
  });
  const tokenizerFolder = readTinyModel('llama').folder;
  const files: Record<string, Record<string, unknown>> = {};
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) files[file] = JSON.parse(await readFile(join(tokenizerFolder, file), 'utf8')) as Record<string, unknown>;
  await writeModelFolder(folder, { config, tensors, files });
  return folder;
}
