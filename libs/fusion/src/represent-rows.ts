import type { EncodedRow } from '@tunesmith/datasets';
import type { InferenceModel } from '@tunesmith/generation';
import { expectSource, type CausalLanguageModel } from '@tunesmith/models';
import { packTokens } from '@tunesmith/nn';
import { ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import type { RowDistributions } from '@tunesmith/training';
import { likeliestTokens } from './likeliest-tokens.js';

/** Logits that are held at once: 32 MiB of float32 ones. */
const logitsHeld = 2 ** 23;
/** Places at least, whatever the vocabulary: each chunk reads the whole output projection, and widens it where the processor multiplies no bfloat16. */
const leastPlaces = 128;

/**
 * What the model expects after each token before a trained one, and the mean cross-entropy of each row. Only these places go through the output
 * projection, a chunk at a time.
 *
 * @param entries tokens kept at each place
 */
export function representRows({ model, tokenizer }: Pick<InferenceModel, 'model' | 'tokenizer'>, rows: readonly EncodedRow[], entries: number): RowDistributions[] {
  const { device } = model.outputWeight;
  const packed = packTokens(rows.map(({ tokenIds }) => tokenIds), { device });
  expectSource(model, packed);
  const hidden = model.hidden(packed); // [tokens, hidden]
  const placesOf = rows.map(({ tokenIds, lossMask }) => Int32Array.from(tokenIds.keys()).filter((place) => lossMask[place + 1] === true));
  const starts = rows.map(() => 0);
  for (let row = 1; row < rows.length; row += 1) starts[row] = starts[row - 1]! + rows[row - 1]!.tokenIds.length;
  const kept = placesOf.flatMap((places, row) => [...places].map((place) => starts[row]! + place));
  const targets = placesOf.flatMap((places, row) => [...places].map((place) => rows[row]!.tokenIds[place + 1]!));
  const said = sayAt(model, ops.indexSelect(hidden, 0, tensor(kept, { dtype: 'int64', device })), targets, Math.min(tokenizer.vocabularySize, model.vocabularySize), entries);
  let from = 0;
  return rows.map(({ tokenIds }, row) => {
    const places = placesOf[row]!;
    const end = from + places.length;
    const losses = said.losses.subarray(from, end);
    const part: RowDistributions = {
      tokenIds, places, indices: said.indices.slice(from * entries, end * entries), logits: said.logits.slice(from * entries, end * entries),
      crossEntropy: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    };
    from = end;
    return Number.isFinite(part.crossEntropy) ? part : { ...part, crossEntropy: NaN };
  });
}

interface Said {
  readonly indices: Int32Array; // [places, entries]
  readonly logits: Uint16Array; // [places, entries], float16
  readonly losses: Float32Array; // [places]
}

/** @param hidden [places, hidden] */
function sayAt(model: CausalLanguageModel, hidden: Tensor, targets: readonly number[], vocabulary: number, entries: number): Said {
  const places = targets.length;
  const said: Said = { indices: new Int32Array(places * entries), logits: new Uint16Array(places * entries), losses: new Float32Array(places) };
  const labels = tensor([...targets], { dtype: 'int64', device: hidden.device });
  const chunk = Math.max(leastPlaces, Math.min(256, Math.floor(logitsHeld / model.vocabularySize)));
  for (let start = 0; start < places; start += chunk) {
    const count = Math.min(chunk, places - start);
    scope(() => {
      const logits = ops.toDtype(model.logits(ops.narrow(hidden, 0, start, count)), 'float32'); // [count, vocabulary]
      const whole = ops.logsumexp(logits, [-1], true); // [count, 1]
      const losses = ops.sub(whole, ops.gather(logits, 1, ops.unsqueeze(ops.narrow(labels, 0, start, count), 1))); // [count, 1]
      const { values, indices } = likeliestTokens(logits, vocabulary, entries);
      const logProbabilities = ops.toDtype(ops.sub(values, whole), 'float16'); // [count, entries]
      said.losses.set(new Float32Array(losses.toBytes().buffer), start);
      said.indices.set(new Int32Array(ops.toDtype(indices, 'int32').toBytes().buffer), start * entries);
      said.logits.set(new Uint16Array(logProbabilities.toBytes().buffer), start * entries);
    });
  }
  return said;
}
