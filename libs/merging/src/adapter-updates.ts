import { adapterScaling, type Adapter, type TensorSource } from '@tunesmith/checkpoints';
import type { PublishedTensors } from '@tunesmith/models';
import { empty, ops, type Tensor } from '@tunesmith/tensor';
import { MergeError } from './merge-error.js';
import { weightDtype } from './weight-dtype.js';

/** What an adapter does to one weight. */
export interface AdapterUpdate {
  /** Of the weight that it updates, as the base stores it: [out, in], or transposed. */
  readonly shape: readonly number[];
  readonly scaling: number;
  /** In float32. */
  read(): Promise<{ a: Tensor; b: Tensor; magnitude?: Tensor }>;
}

/**
 * The updates of an adapter by the base's weight names. Where the base stores a weight transposed, so is its update: (B A)ᵀ = Aᵀ Bᵀ.
 *
 * @throws MergeError `adapter-unsupported`, `adapter-misfit` where it targets a weight that the base does not have
 */
export function adapterUpdates({ config, modules, replacements, tensors, path }: Adapter, base: PublishedTensors): ReadonlyMap<string, AdapterUpdate> {
  const refuse = (what: string): never => {
    throw new MergeError('adapter-unsupported', `merge: the adapter in ${path} ${what}, which lora-fold does not fold. Merge it with PEFT and import the merged model.`, { path });
  };
  if (replacements.size > 0) refuse(`replaces whole weights (${[...replacements.keys()].slice(0, 3).join(', ')})`);
  return new Map(
    [...modules].map(([module, { a, b, bias, magnitude }]): [string, AdapterUpdate] => {
      if (a === undefined || b === undefined || bias !== undefined || config.useDora !== (magnitude !== undefined)) return refuse(`adapts ${module} in another form than A and B`);
      const [out, rank, from] = [tensors.info(b).shape[0]!, tensors.info(b).shape[1]!, tensors.info(a).shape[1]!];
      const name = `${module}.weight`;
      const transposed = base.isTransposed(name);
      const shape = transposed ? [from, out] : [out, from];
      if (!base.has(name) || base.info(name).shape.join() !== shape.join()) {
        const got = base.has(name) ? `[${base.info(name).shape.join(', ')}]` : 'no such weight';
        throw new MergeError('adapter-misfit', `merge: the adapter updates "${name}" as [${shape.join(', ')}]; the base has ${got}. Give the base that the adapter was trained on.`, { tensor: name, expected: shape });
      }
      const matrix = async (source: string, height: number, width: number): Promise<Tensor> => {
        using stored = await readFloat32(tensors, source, [height, width]);
        return transposed ? ops.t(stored) : ops.clone(stored);
      };
      return [name, {
        shape, scaling: adapterScaling(config, module).scale,
        async read() {
          const [upper, lower] = [await matrix(b, out, rank), await matrix(a, rank, from)];
          const pair = transposed ? { a: upper, b: lower } : { a: lower, b: upper };
          return magnitude === undefined ? pair : { ...pair, magnitude: await readFloat32(tensors, magnitude, transposed ? [1, out] : [out, 1]) };
        },
      }];
    }),
  );
}

async function readFloat32(source: TensorSource, name: string, shape: readonly number[]): Promise<Tensor> {
  using stored = empty(shape, { dtype: weightDtype(source.info(name).dtype) });
  stored.writeBytes(await source.read(name));
  return ops.toDtype(stored, 'float32', true);
}
