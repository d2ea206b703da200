import { GenerationError, likeliestTokens, longPass, scorePlaces, type InferenceModel } from '@tunesmith/generation';
import { expectSource } from '@tunesmith/models';
import { packTokens, type KeyValueCache } from '@tunesmith/nn';
import { noGrad, ops, scope } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelRuntime, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { logitsNotFinite } from './runtime-error.js';

/** A file whose weights were decoded onto our own library. */
export class OwnRuntime implements ModelRuntime {
  readonly name = 'tunesmith';
  #cache: KeyValueCache | undefined;

  constructor(
    private readonly path: string,
    private readonly loaded: InferenceModel,
  ) {}

  begin(source?: readonly number[]): Promise<RuntimeRow> {
    this.#cache?.[Symbol.dispose]();
    const { model } = this.loaded;
    expectSource(model, { source });
    const cache = (this.#cache = model.newCache());
    let length = 0;
    return Promise.resolve({
      feed: async (tokenIds, count) => {
        await nextTurn();
        const sources = length === 0 && source ? [source] : undefined;
        length += tokenIds.length;
        const [tokens] = scope(() => noGrad(() => {
          const hidden = model.hidden(cache.nextBatch([tokenIds], model.outputWeight.device, sources), cache); // [tokens, hidden]
          return likeliestTokens(model.logits(ops.narrow(hidden, 0, tokenIds.length - 1, 1)), [count]);
        }));
        if (!tokens!.every(({ logProb }) => Number.isFinite(logProb))) throw logitsNotFinite(this.path, this.name, length);
        return tokens!;
      },
    });
  }

  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal, source?: readonly number[]): Promise<RuntimeScore[]> {
    await nextTurn();
    signal.throwIfAborted();
    const { model } = this.loaded;
    expectSource(model, { source });
    // What is asked about a place is what the token before it says.
    const places = asked.flatMap((ids, place) => (place > 0 && ids.length > 0 ? [{ place: place - 1, tokenIds: ids }] : []));
    try {
      return longPass(() => scorePlaces(model, model.hidden(packTokens([tokenIds], source && { sources: [source] })), places)).map(({ logProbs, likeliest }) => ({ logProbabilities: logProbs, likeliest }));
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
