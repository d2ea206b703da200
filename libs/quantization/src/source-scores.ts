import type { Adapter } from '@tunesmith/checkpoints';
import type { EncodedRow } from '@tunesmith/datasets';
import { loadForInference, longPass } from '@tunesmith/generation';
import type { CausalLanguageModel } from '@tunesmith/models';
import { packTokens } from '@tunesmith/nn';
import { ops, scope, tensor, type WorkContext } from '@tunesmith/tensor';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { foldAdapter } from './fold-adapter.js';
import { QuantizationError } from './quantization-error.js';

/** How many of the likeliest tokens of a place are remembered: almost all of the probability. */
const candidateCount = 100;
/** Logits that are held at once: 64 MiB of float32 ones. */
const logitsHeld = 2 ** 24;

/** What the model itself says at a place: natural logarithms. */
export interface SourcePlace {
  /** Of the token that stands there. */
  readonly logProbability: number;
  /** The likeliest tokens, and theirs. */
  readonly candidates: readonly number[];
  readonly logProbabilities: readonly number[];
}

/** The model itself (with an adapter, where one is given) on held-out rows, in float32 and in our own runtime: for each row the places that its mask wants, from the second token on. */
export async function sourceScores(folder: string, adapter: Adapter | undefined, rows: readonly EncodedRow[], { signal, onProgress }: WorkContext): Promise<SourcePlace[][]> {
  using loaded = await loadForInference(folder, { dtype: 'float32' });
  if (adapter !== undefined) await foldAdapter(loaded.model, adapter);
  const scores: SourcePlace[][] = [];
  for (const row of rows) {
    await nextTurn();
    signal.throwIfAborted();
    const places: SourcePlace[] = [];
    longPass(() => scoreRow(loaded.model, row, places));
    scores.push(places);
    onProgress({ phase: 'scoring the model itself', done: scores.length, total: rows.length, unit: 'rows' });
  }
  return scores;
}

function scoreRow(model: CausalLanguageModel, { tokenIds, lossMask, sourceTokenIds }: EncodedRow, scored: SourcePlace[]): void {
  const wanted = tokenIds.flatMap((_, place) => (place > 0 && lossMask[place] === true ? [place] : []));
  const hidden = model.hidden(packTokens([tokenIds], sourceTokenIds && { sources: [sourceTokenIds] })); // [tokens, hidden]
  const step = Math.max(16, Math.floor(logitsHeld / model.vocabularySize));
  for (let start = 0; start < wanted.length; start += step) {
    const places = wanted.slice(start, start + step);
    scope(() => {
      const logits = model.logits(ops.indexSelect(hidden, 0, integers(places.map((place) => place - 1))));
      const all = ops.logSoftmax(logits, 1); // [places, vocabulary]
      const own = ops.gather(all, 1, ops.unsqueeze(integers(places.map((place) => tokenIds[place]!)), 1)).toArray();
      const count = Math.min(candidateCount, model.vocabularySize);
      const [values, indices] = ops.topk(all, count, 1);
      const [logProbabilities, candidates] = [values.toArray(), indices.toArray()];
      for (const [index, place] of places.entries()) {
        const logProbability = own[index]!;
        if (!Number.isFinite(logProbability)) {
          throw new QuantizationError({ code: 'logits-not-finite', message: `the model itself gives no finite probability at token ${place} of a held-out row. Its weights are damaged: evaluate it before quantizing it.`, facts: { place } });
        }
        const range = [index * count, (index + 1) * count] as const;
        scored.push({ logProbability, candidates: candidates.slice(...range), logProbabilities: logProbabilities.slice(...range) });
      }
    });
  }
}

function integers(values: readonly number[]) {
  return tensor([...values], { dtype: 'int64' });
}
