import { packTokens } from '@tunesmith/nn';
import { noGrad, ops, scope, tensor } from '@tunesmith/tensor';
import type { CausalLanguageModel } from '../model-family.js';

/** Logits of this many tokens exist at one time: 64 times a vocabulary of 262k in float32 is 67 MB. */
const chunkTokens = 64;

/**
 * The natural logarithm of each token's probability given the tokens before it in its row; the first of a row has none. For specs: the room
 * `generation` has the one for use, with batches and progress.
 */
export function tokenLogProbs(model: CausalLanguageModel, rows: readonly (readonly number[])[]): (number | null)[][] {
  return scope(() =>
    noGrad(() => {
      const hidden = model.hidden(packTokens(rows)); // [tokens, hidden]
      const next = rows.flatMap((row) => [...row.slice(1), 0]);
      const scores: number[] = [];
      for (let start = 0; start < next.length; start += chunkTokens) {
        const targets = next.slice(start, start + chunkTokens);
        const chunk = scope(() => {
          const logits = ops.toDtype(model.logits(ops.narrow(hidden, 0, start, targets.length)), 'float32'); // [chunk, vocabulary]
          const index = ops.unsqueeze(tensor(targets, { dtype: 'int64', device: hidden.device }), 1);
          return ops.sub(ops.squeeze(ops.gather(logits, 1, index), 1), ops.logsumexp(logits, -1)).toArray();
        });
        scores.push(...chunk);
      }
      let end = 0;
      return rows.map((row) => {
        const own = scores.slice(end, end + row.length - 1);
        end += row.length;
        return [null, ...own];
      });
    }),
  );
}
