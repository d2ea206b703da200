import { readModelFolder } from '@tunesmith/checkpoints';
import { familyFor, PublishedTensors, type WeightName } from '@tunesmith/models';
import { empty, ops, scope, type Tensor } from '@tunesmith/tensor';
import { MergeError } from './merge-error.js';
import { weightDtype } from './weight-dtype.js';

/** A tuned model and the base it came from, opened: what an adapter or a compressed delta is made of. */
export interface TunedWeights extends AsyncDisposable {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: readonly WeightName[];
  /** Matrices of linear layers, which low-rank updates reach; the others are embeddings, heads, norms, biases. */
  readonly linears: readonly WeightName[];
  readonly others: readonly WeightName[];
  readonly base: PublishedTensors;
  readonly model: PublishedTensors;
  /** model - base of one weight in float32, a matrix as [out, in] whichever way it lies in the file. */
  difference(weight: WeightName): Promise<Tensor>;
}

/** Embeddings and heads in GGUF's words; positions too. */
const tokenTables = /^(?:token_embd|output|position_embd|token_types)\b/;

/** @throws MergeError `merge-shape-mismatch`, `merge-missing-tensor` where the two are not of one architecture and size */
export async function openTunedWeights(baseFolder: string, modelFolder: string): Promise<TunedWeights> {
  const opened = new AsyncDisposableStack();
  try {
    const [base, model] = [opened.use(await readModelFolder(baseFolder)), opened.use(await readModelFolder(modelFolder))];
    const family = familyFor(base.config);
    const expected = family.weights.tensors(family.parseConfig(base.config));
    const [ofBase, ofModel] = [base, model].map(({ tensors }) => new PublishedTensors(tensors, expected, family.weights.spellings)) as [PublishedTensors, PublishedTensors];
    const weights = expected.filter(({ huggingFace }) => ofBase.has(huggingFace));
    for (const { huggingFace: name } of weights) {
      if (!ofModel.has(name)) throw new MergeError('merge-missing-tensor', `expected the tensor "${name}" in ${modelFolder}, as in its base; it has none of that name. Give the base that the model was tuned from.`, { tensor: name });
      const [one, other] = [ofBase.info(name).shape, ofModel.info(name).shape];
      if (one.join() !== other.join()) throw new MergeError('merge-shape-mismatch', `expected "${name}" of shape [${one.join(', ')}] in ${modelFolder}, as in its base; got [${other.join(', ')}]. Give the base that the model was tuned from.`, { tensor: name, expected: one, got: other });
    }
    const isLinear = ({ shape, gguf }: WeightName): boolean => shape.length === 2 && !tokenTables.test(gguf);
    return {
      config: base.config, weights, linears: weights.filter(isLinear), others: weights.filter((weight) => !isLinear(weight)), base: ofBase, model: ofModel,
      async difference({ huggingFace, stored }) {
        using own = new DisposableStack();
        const [from, to] = [own.use(await readFloat32(ofBase, huggingFace)), own.use(await readFloat32(ofModel, huggingFace))];
        return scope(() => {
          const difference = ops.sub(to, from);
          if (ops.all(ops.isfinite(difference)).item() !== 1) throw new MergeError('merge-parent-not-finite', `expected finite weights; the difference of "${huggingFace}" from its base holds NaN or infinite values. One of the checkpoints is damaged: fetch it again.`, { tensor: huggingFace });
          return stored === 'transposed' ? ops.contiguous(ops.t(difference)) : difference;
        });
      },
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

async function readFloat32(source: PublishedTensors, name: string): Promise<Tensor> {
  const { dtype, shape } = source.info(name);
  using stored = empty(shape, { dtype: weightDtype(dtype) });
  stored.writeBytes(await source.read(name));
  return ops.toDtype(stored, 'float32', true);
}
