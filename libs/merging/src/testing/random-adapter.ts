import { adapterTensorName, loraAdapterConfig, readAdapter, writeAdapter } from '@tunesmith/checkpoints';
import { fromBytes, manualSeed, ops, randn, scope } from '@tunesmith/tensor';

export interface RandomAdapterOptions {
  readonly seed: number;
  readonly rank: number;
  readonly alpha?: number;
  /** Module paths and the shapes [out, in] of their weights. */
  readonly modules: Readonly<Record<string, readonly [number, number]>>;
  readonly scale?: number;
  readonly useRslora?: boolean;
  /** With magnitudes around one. */
  readonly useDora?: boolean;
  readonly fanInFanOut?: boolean;
  readonly rankPattern?: Readonly<Record<string, number>>;
}

/** Writes a PEFT folder of an adapter with random A and B in float32. */
export async function writeRandomAdapter(path: string, { seed, rank, alpha = rank, modules, scale = 0.1, rankPattern = {}, ...variant }: RandomAdapterOptions): Promise<void> {
  const tensors = scope(() => {
    manualSeed(seed);
    return Object.entries(modules).flatMap(([module, [out, width]]) =>
      ([['a', [rankPattern[module] ?? rank, width]], ['b', [out, rankPattern[module] ?? rank]], ...(variant.useDora ? [['magnitude', [out]] as const] : [])] as const).map(([role, shape]) => ({
        name: adapterTensorName(module, role), dtype: 'F32', shape, bytes: (role === 'magnitude' ? ops.addScalar(ops.mulScalar(randn(shape), 0.2), 1) : ops.mulScalar(randn(shape), scale)).toBytes(),
      })),
    );
  });
  const targetModules = [...new Set(Object.keys(modules).map((module) => module.split('.').at(-1)!))];
  await writeAdapter(path, { config: loraAdapterConfig({ rank, alpha, targetModules, baseModel: 'tiny', rankPattern, ...variant }), tensors });
}

/** The update of a module as rows of numbers: scaling * B A. */
export async function readUpdate(path: string, module: string): Promise<number[]> {
  await using adapter = await readAdapter(path);
  const { a, b } = adapter.modules.get(module)!;
  const { config, tensors } = adapter;
  const [bytesA, bytesB] = [await tensors.read(a!), await tensors.read(b!)];
  const rank = tensors.info(a!).shape[0]!;
  return scope(() => {
    const [lower, upper] = [fromBytes(bytesA, { shape: tensors.info(a!).shape, dtype: 'float32' }), fromBytes(bytesB, { shape: tensors.info(b!).shape, dtype: 'float32' })];
    return ops.mulScalar(ops.matmul(upper, lower), (config.alphaPattern[module] ?? config.alpha) / (config.rankPattern[module] ?? rank)).toArray();
  });
}
