import { GenerationError, likeliestTokens, longPass, scorePlaces, type InferenceModel } from '@tunesmith/generation';
import { packTokens, type KeyValueCache } from '@tunesmith/nn';
import { noGrad, ops, scope } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loadPackedFolder } from './load-packed-folder.js';
import type { ModelRuntime, RuntimeOptions, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';

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
        const [tokens] = scope(() => noGrad(() => {
          const hidden = model.hidden(cache.nextBatch([tokenIds], model.outputWeight.device), cache); // [tokens, hidden]
          return likeliestTokens(model.logits(ops.narrow(hidden, 0, tokenIds.length - 1, 1)), [count]);
        }));
        if (!tokens!.every(({ logProb }) => Number.isFinite(logProb))) throw logitsNotFinite(this.path, this.name, length);
        return tokens!;
      },
    });
  }

  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<RuntimeScore[]> {
    await nextTurn();
    signal.throwIfAborted();
    const { model } = this.loaded;
    // What is asked about a place is what the token before it says.
    const places = asked.flatMap((ids, place) => (place > 0 && ids.length > 0 ? [{ place: place - 1, tokenIds: ids }] : []));
    try {
      return longPass(() => scorePlaces(model, model.hidden(packTokens([tokenIds])), places)).map(({ logProbs, likeliest }) => ({ logProbabilities: logProbs, likeliest }));
    } catch (error) {
      if (!(error instanceof GenerationError) || error.code !== 'logits-not-finite') throw error;
      throw logitsNotFinite(this.path, this.name, Number(error.facts['place']) + 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cache?.[Symbol.dispose]();
    this.loaded[Symbol.dispose]();
  }
}
