import type { CausalLanguageModel } from '@tunesmith/models';
import { ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { GenerationError } from './generation-error.js';
import type { LikelyToken } from './sampling.js';

/** Tokens whose probability is asked after one place of a batch. */
export interface AskedPlace {
  readonly place: number;
  readonly tokenIds: readonly number[];
}

export interface PlaceScore {
  /** Natural logarithms, one for each token asked. */
  readonly logProbs: readonly number[];
  /** The token that the model finds likeliest here. */
  readonly likeliest: LikelyToken;
}

/** Logits that are held at once: 64 MiB of float32 ones. */
const logitsHeld = 2 ** 24;

/** Places whose logits are held at once: with a large vocabulary fewer, but enough for a product of matrices. */
export function placesAtOnce({ vocabularySize }: CausalLanguageModel): number {
  return Math.max(32, Math.min(256, Math.floor(logitsHeld / vocabularySize)));
}

/** Logits at the asked places of hidden [tokens, hidden] only; log-probabilities in float32. @throws GenerationError `logits-not-finite` */
export function scorePlaces(model: CausalLanguageModel, hidden: Tensor, asked: readonly AskedPlace[]): PlaceScore[] {
  const results: PlaceScore[] = [];
  // In bfloat16 more rows would go through another product, which rounds otherwise.
  const chunk = hidden.dtype === 'float32' ? placesAtOnce(model) : Math.min(64, placesAtOnce(model));
  for (let first = 0; first < asked.length; first += chunk) {
    results.push(...scope(() => scoreChunk(model, hidden, asked.slice(first, first + chunk))));
  }
  return results;
}

function scoreChunk(model: CausalLanguageModel, hidden: Tensor, asked: readonly AskedPlace[]): PlaceScore[] {
  const { device } = hidden;
  const index = (numbers: number[]): Tensor => tensor(numbers, { dtype: 'int64', device });
  const logits = ops.toDtype(model.logits(ops.indexSelect(hidden, 0, index(asked.map(({ place }) => place)))), 'float32'); // [places, vocabulary]
  const width = logits.shape[1] ?? 0;
  const normalizers = ops.logsumexp(logits, [-1]).toArray(); // [places]
  const likeliest = ops.argmax(logits, -1).toArray();
  const wanted = asked.flatMap(({ tokenIds }, row) => [...tokenIds, likeliest[row]!].map((id) => row * width + id));
  const values = ops.indexSelect(ops.flatten(logits), 0, index(wanted)).toArray();
  let at = 0;
  return asked.map(({ tokenIds, place }, row) => {
    const logProbs = tokenIds.map(() => values[at++]! - normalizers[row]!);
    const highest = values[at++]! - normalizers[row]!;
    if (logProbs.some((logProb) => !Number.isFinite(logProb))) {
      throw new GenerationError({ message: 'Expected finite logits; got NaN or infinity. The weights are damaged, or their type is too narrow: try float32.', code: 'logits-not-finite', facts: { place } });
    }
    return { logProbs, likeliest: { id: likeliest[row]!, logProb: highest } };
  });
}
