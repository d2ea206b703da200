import type { InferenceModel } from '@tunesmith/generation';
import { packTokens, type KeyValueCache } from '@tunesmith/nn';
import { noGrad, ops, scope, tensor } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadPackedFolder } from './load-packed-folder.js';
import type { ModelRuntime, RuntimeOptions, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';

/** Logits that are held at once: 64 MiB of float32 ones. */
const logitsHeld = 2 ** 24;

/** Loads a Hugging Face folder, its packed linears decoded, into our own runtime in float32; where its configuration says so, inputs of linears are rounded too. Throws QuantizationError `file-refused-by-runtime`. */
export async function openFolderRuntime(path: string, { signal }: RuntimeOptions): Promise<ModelRuntime> {
  try {
    return new FolderRuntime(path, await loadPackedFolder(path, { dtype: 'float32' }));
  } catch (error) {
    signal.throwIfAborted();
    throw fileRefused(path, 'tunesmith', error);
  }
}

class FolderRuntime implements ModelRuntime {
  readonly name = 'tunesmith';
  #cache: KeyValueCache | undefined;

  constructor(
    private readonly path: string,
    private readonly loaded: InferenceModel,
  ) {}

  begin(): Promise<RuntimeRow> {
    this.#cache?.[Symbol.dispose]();
    const { model } = this.loaded;
    const cache = (this.#cache = model.newCache());
    let length = 0;
    return Promise.resolve({
      feed: async (tokenIds, count) => {
        await nextTurn();
        length += tokenIds.length;
        const [logProbs, ids] = scope(() => noGrad(() => {
          const hidden = model.hidden(cache.nextBatch([tokenIds], model.outputWeight.device), cache); // [tokens, hidden]
          const all = ops.logSoftmax(ops.toDtype(model.logits(ops.narrow(hidden, 0, tokenIds.length - 1, 1)), 'float32'), 1); // [1, vocabulary]
          const [top, tokens] = ops.topk(all, Math.min(count, model.vocabularySize), -1, true, true);
          return [top.toArray(), tokens.toArray()] as const;
        }));
        if (!logProbs.every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, length);
        return logProbs.map((logProb, place) => ({ id: ids[place]!, logProb }));
      },
    });
  }

  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<RuntimeScore[]> {
    await nextTurn();
    signal.throwIfAborted();
    const { model } = this.loaded;
    const places = asked.flatMap((ids, place) => (place > 0 && ids.length > 0 ? [{ place, ids }] : []));
    const step = Math.max(1, Math.floor(logitsHeld / model.vocabularySize));
    const found: RuntimeScore[] = [];
    scope(() =>
      noGrad(() => {
        const hidden = model.hidden(packTokens([tokenIds])); // [tokens, hidden]
        for (let start = 0; start < places.length; start += step) {
          scope(() => {
            const piece = places.slice(start, start + step);
            const before = tensor(piece.map(({ place }) => place - 1), { dtype: 'int64' });
            const all = ops.logSoftmax(ops.toDtype(model.logits(ops.indexSelect(hidden, 0, before)), 'float32'), 1); // [places, vocabulary]
            const likeliest = ops.argmax(all, -1).toArray();
            for (const [row, { place, ids }] of piece.entries()) {
              const values = ops.indexSelect(ops.select(all, 0, row), 0, tensor([...ids, likeliest[row]!], { dtype: 'int64' })).toArray();
              if (!values.every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, place);
              found.push({ logProbabilities: values.slice(0, -1), likeliest: { id: likeliest[row]!, logProb: values.at(-1)! } });
            }
          });
        }
      }),
    );
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cache?.[Symbol.dispose]();
    this.loaded[Symbol.dispose]();
  }
}
