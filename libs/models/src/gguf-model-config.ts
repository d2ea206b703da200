import { elementCount, float32FromFloat16, GgufError, type GgufSource } from '@tunesmith/checkpoints';
import { familyForGguf } from './families.js';
import type { GgufConfigSource, ModelFamily } from './model-family.js';

/** The divisors of rotations that GGUF keeps as tensors: llama3's, and longrope's for short and long rows. */
const ropeFactorNames = { llama3: 'rope_freqs.weight', short: 'rope_factors_short.weight', long: 'rope_factors_long.weight' };

/** The family of a GGUF file, and what its metadata says of the configuration under the published names: all but the type of the weights and the token ids. */
export async function ggufModelConfig(source: GgufSource): Promise<{ family: ModelFamily; config: Record<string, unknown> }> {
  const { metadata } = source;
  const family = familyForGguf((key) => metadata.get(key));
  const config = family.weights.gguf.configFromGguf({
    get: (key) => metadata.get(key),
    tensorShape: (name) => (source.has(name) ? source.info(name).shape : undefined),
    ...(await readRopeFactors(source)),
  });
  return { family, config };
}

async function readRopeFactors(source: GgufSource): Promise<Pick<GgufConfigSource, 'ropeFactors' | 'longRopeFactors'>> {
  const [ropeFactors, short, long] = [await readFactors(source, ropeFactorNames.llama3), await readFactors(source, ropeFactorNames.short), await readFactors(source, ropeFactorNames.long)];
  return { ...(ropeFactors ? { ropeFactors } : {}), ...(short && long ? { longRopeFactors: { short, long } } : {}) };
}

async function readFactors(source: GgufSource, name: string): Promise<Float32Array | undefined> {
  if (!source.has(name)) return undefined;
  const { dtype, shape } = source.info(name);
  const bytes = await source.read(name);
  if (dtype === 'F32') return new Float32Array(bytes.buffer, 0, elementCount(shape));
  if (dtype === 'F16') return float32FromFloat16(new Uint16Array(bytes.buffer, 0, elementCount(shape)));
  throw new GgufError({ code: 'gguf-bad-rope-factors', message: `${name} is ${dtype}; F32 is expected.`, facts: { name, dtype } });
}
