import { generate, loadForInference, type InferenceModel } from '@tunesmith/generation';
import { packTokens } from '@tunesmith/nn';
import { noGrad, ops, scope, tensor } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tokensThemselves, type CompletionLimits, type ModelRuntime, type RuntimeOptions } from './model-runtime.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';

/** Logits that are held at once: 64 MiB of float32 ones. */
const logitsHeld = 2 ** 24;

/** Loads a Hugging Face folder, its packed linears decoded, into our own runtime in float32. Throws QuantizationError `file-refused-by-runtime`. */
export async function openFolderRuntime(path: string, { signal }: RuntimeOptions): Promise<ModelRuntime> {
  try {
    const loaded = await loadForInference(path, { dtype: 'float32' });
    return new FolderRuntime(path, loaded);
  } catch (error) {
    signal.throwIfAborted();
    throw fileRefused(path, 'tunesmith', error);
  }
}

class FolderRuntime implements ModelRuntime {
  readonly name = 'tunesmith';

  constructor(
    private readonly path: string,
    private readonly loaded: InferenceModel,
  ) {}

  async complete(prompt: readonly number[], { maxNewTokens, stopTokenIds, signal }: CompletionLimits): Promise<number[]> {
    signal.throwIfAborted();
    const [answer] = await generate(this.loaded.model, [{ tokenIds: prompt }], { maxNewTokens, stopTokenIds }, { signal, onProgress: () => undefined }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'logits-not-finite') throw logitsNotFinite(this.path, this.name, prompt.length);
      throw error;
    });
    return [...answer!.tokenIds];
  }

  async logProbabilities(tokenIds: readonly number[], wanted: readonly boolean[], signal: AbortSignal): Promise<number[]> {
    return (await this.logProbabilitiesOf(tokenIds, tokensThemselves(tokenIds, wanted), signal)).flat();
  }

  async logProbabilitiesOf(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<number[][]> {
    await nextTurn();
    signal.throwIfAborted();
    const { model } = this.loaded;
    const places = asked.flatMap((ids, place) => (place > 0 && ids.length > 0 ? [{ place, ids }] : []));
    const step = Math.max(1, Math.floor(logitsHeld / model.vocabularySize));
    const found: number[][] = [];
    scope(() =>
      noGrad(() => {
        const hidden = model.hidden(packTokens([tokenIds])); // [tokens, hidden]
        for (let start = 0; start < places.length; start += step) {
          scope(() => {
            const piece = places.slice(start, start + step);
            const before = tensor(piece.map(({ place }) => place - 1), { dtype: 'int64' });
            const all = ops.logSoftmax(ops.toDtype(model.logits(ops.indexSelect(hidden, 0, before)), 'float32'), 1); // [places, vocabulary]
            for (const [row, { place, ids }] of piece.entries()) {
              const values = ops.indexSelect(ops.select(all, 0, row), 0, tensor([...ids], { dtype: 'int64' })).toArray();
              if (!values.every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, place);
              found.push(values);
            }
          });
        }
      }),
    );
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.loaded[Symbol.dispose]();
  }
}
