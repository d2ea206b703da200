import { openSafetensors, writeSafetensors, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelWeightsError } from '../check-weights.js';
import { familyFor } from '../families.js';
import { loadModel } from '../load-model.js';
import { ModelConfigError } from '../model-config-error.js';
import { ggufShape, type ModelFamily } from '../model-family.js';
import { fixtureFolder } from './family-fixture.js';

export interface CheckpointComplianceOptions {
  /** Changes to a fixture's config.json that must be refused, each with what the message says. Absent: those that fit Llama-like configurations. */
  readonly refused?: readonly (readonly [change: Readonly<Record<string, unknown>>, message: RegExp])[];
}

const llamaLikeRefusals = [
  [{ hidden_size: 'wide' }, /hidden_size/],
  [{ attention_dropout: 0.1 }, /attention_dropout/],
  [{ num_key_value_heads: 7 }, /num_key_value_heads/],
] as const;

/**
 * What every family must show of its configuration and its weight list, without computing: the part of `describeFamily` that
 * does not depend on how a model is called.
 */
export function describeCheckpoints(family: ModelFamily, fixtureNames: readonly string[], { refused = llamaLikeRefusals }: CheckpointComplianceOptions = {}): void {
  describe.each(fixtureNames)('%s as a checkpoint', (name) => {
    const folder = fixtureFolder(name);
    let configJson: Record<string, unknown>;

    beforeAll(async () => {
      configJson = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    });

    test('an unknown configuration key is refused by name, ignored ones are not', () => {
      expect(() => family.parseConfig({ ...configJson, surprising_key: 1 })).toThrow(/unknown key surprising_key/);
      expect(() => family.parseConfig({ ...configJson, use_cache: false, transformers_version: '9', torch_dtype: 'float16' })).not.toThrow();
    });

    test('quantized checkpoints, wrong sizes and features that are not there are refused', () => {
      expect(() => family.parseConfig({ ...configJson, quantization_config: {} })).toThrow(ModelConfigError);
      expect(() => family.parseConfig({ ...configJson, quantization_config: { quant_method: 'fp8' } })).toThrow(/quantization_config \(fp8\)/);
      expect(() => family.parseConfig({ ...configJson, quantization: { bits: 4, group_size: 64 } })).toThrow(/\(MLX\)/);
      expect(() => family.parseConfig({ ...configJson, quantization_config: null })).not.toThrow();
      expect(() => family.parseConfig([])).toThrow(ModelConfigError);
      for (const [change, message] of refused) expect(() => family.parseConfig({ ...configJson, ...change })).toThrow(message);
    });

    test('missing, unexpected and wrongly shaped tensors are all named with what was expected', async () => {
      await using broken = await brokenCopy(folder);
      const error = await loadModel(broken.path, { dtype: 'float32' }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ModelWeightsError);
      expect([...((error as ModelWeightsError).facts.problems as string[])].sort()).toEqual([...broken.problems].sort());
    });

    test('NaN in a weight is refused with the name of the tensor', async () => {
      await using broken = await damagedCopy(folder);
      await expect(loadModel(broken.path, { dtype: 'bfloat16' })).rejects.toThrow(`${broken.damaged} holds 1 NaN`);
    });

    test('what GGUF can hold of the configuration survives the way there and back', () => {
      const config = family.parseConfig(configJson);
      let metadata;
      try {
        metadata = family.weights.gguf.metadataFromConfig(config);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelConfigError);
        return;
      }
      const shapes = new Map(family.weights.tensors(config).map((weight) => [weight.gguf, ggufShape(weight)]));
      const factors = new Map(family.weights.gguf.derivedTensors(config).map((entry) => [entry.name, entry.values]));
      const derived = factors.get('rope_freqs.weight');
      const [short, long] = [factors.get('rope_factors_short.weight'), factors.get('rope_factors_long.weight')];
      const source = {
        get: (key: string) => metadata[key]?.value,
        tensorShape: (tensorName: string) => shapes.get(tensorName),
        ropeFactors: derived,
        ...(short && long ? { longRopeFactors: { short, long } } : {}),
      };
      let json;
      try {
        json = family.weights.gguf.configFromGguf(source);
      } catch (error) {
        // Divisors of a tiny model need not be those of a published one.
        expect(derived).toBeDefined();
        expect(error).toBeInstanceOf(ModelConfigError);
        return;
      }
      expect(familyFor(json).name).toBe(family.name);
      expect(family.weights.tensors(family.parseConfig(json))).toEqual(family.weights.tensors(config));
      const back = family.parseConfig(json);
      expect(family.weights.gguf.metadataFromConfig(back)).toEqual(metadata);
    });
  });
}

/** A copy of a fixture with one matrix transposed, one vector missing and a tensor too many; and what must be said of them. */
async function brokenCopy(folder: string): Promise<AsyncDisposable & { path: string; problems: string[] }> {
  await using source = await openSafetensors(folder);
  const names = [...source.names()];
  const shapeOf = (name: string) => source.info(name).shape;
  const matrix = names.find((name) => shapeOf(name).length === 2 && shapeOf(name)[0] !== shapeOf(name)[1]);
  const vector = names.findLast((name) => shapeOf(name).length === 1);
  if (matrix === undefined || vector === undefined) throw new Error(`${folder} has no oblong matrix or no vector`);
  const extra: SafetensorsEntry = { name: 'model.extra.weight', dtype: 'F32', shape: [2], bytes: new Uint8Array(8) };
  const text = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  const copy = await copyWith(folder, (entry) => {
    if (entry.name === vector) return [];
    return [entry.name === matrix ? { ...entry, shape: [...entry.shape].reverse() } : entry];
  }, [extra]);
  return {
    ...copy,
    problems: [
      `${matrix} is ${text([...shapeOf(matrix)].reverse())}, expected ${text(shapeOf(matrix))}`,
      `${vector} is missing, expected ${text(shapeOf(vector))}`,
      'model.extra.weight [2] is not a part of this model',
    ],
  };
}

/** A copy of a fixture whose last vector has a NaN in it. */
async function damagedCopy(folder: string): Promise<AsyncDisposable & { path: string; damaged: string }> {
  let damaged = '';
  await using source = await openSafetensors(folder);
  for (const name of source.names()) if (source.info(name).shape.length === 1) damaged = name;
  const copy = await copyWith(folder, (entry) => {
    if (entry.name === damaged) new Float32Array(entry.bytes.buffer)[1] = NaN;
    return [entry];
  });
  return { ...copy, damaged };
}

type Stored = SafetensorsEntry & { readonly bytes: Uint8Array };

async function copyWith(folder: string, change: (entry: Stored) => Stored[], added: readonly SafetensorsEntry[] = []): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'tunesmith-family-'));
  await cp(join(folder, 'config.json'), join(path, 'config.json'));
  await using source = await openSafetensors(folder);
  const entries: SafetensorsEntry[] = [];
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    entries.push(...change({ name, dtype, shape, bytes: (await source.read(name)).slice() }));
  }
  await writeSafetensors(join(path, 'model.safetensors'), [...entries, ...added]);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
