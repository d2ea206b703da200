import { setImmediate as nextTurn } from 'node:timers/promises';
import { ignoredTarget } from '@tunesmith/datasets';
import { expectSource, type CausalLanguageModel } from '@tunesmith/models';
import { packTokens } from '@tunesmith/nn';
import { fusedLinearCrossEntropy, ops, scope, tensor, zeros, type Tensor, type WorkContext } from '@tunesmith/tensor';
import { GenerationError } from './generation-error.js';
import { longPass } from './long-pass.js';
import { placesAtOnce } from './place-scores.js';
import { tokenBatches } from './token-batches.js';

export interface MaskedTokens {
  /** At least one token. */
  readonly tokenIds: readonly number[];
  /** What an encoder-decoder's encoder reads. */
  readonly sourceTokenIds?: readonly number[];
  /** Which tokens are asked for; without it all. */
  readonly lossMask?: readonly boolean[];
}

/** Tokens that go through the model at once. */
const batchTokens = 2048;
/** For each token the natural logarithm of its probability given those before it in its row; null for a row's first token and for what the mask leaves out. */
export async function tokenLogProbs(model: CausalLanguageModel, rows: readonly MaskedTokens[], context: WorkContext): Promise<(number | null)[][]> {
  const results: (number | null)[][] = [];
  for (const batch of tokenBatches(rows, ({ tokenIds, sourceTokenIds }) => tokenIds.length + (sourceTokenIds?.length ?? 0), { tokens: batchTokens })) {
    await nextTurn();
    context.signal.throwIfAborted();
    const targets = batch.flatMap(({ tokenIds, lossMask }) => [...tokenIds.slice(1).map((id, place) => (lossMask?.[place + 1] === false ? ignoredTarget : id)), ignoredTarget]);
    const logProbs = longPass(() => packedLogProbs(model, batch, targets));
    let start = 0;
    for (const { tokenIds } of batch) {
      const end = start + tokenIds.length - 1; // what follows the last token is not known
      results.push([null, ...logProbs.slice(start, end)]);
      start = end + 1;
    }
    context.onProgress({ phase: 'score', done: results.length, total: rows.length, unit: 'rows' });
  }
  return results;
}

/** At each place of a packed batch the log-probability of its target, null where that is ignored. */
function packedLogProbs(model: CausalLanguageModel, rows: readonly MaskedTokens[], targets: readonly number[]): (number | null)[] {
  const device = model.outputWeight.device;
  if (targets.every((target) => target === ignoredTarget)) return targets.map(() => null);
  const sources = rows.flatMap(({ sourceTokenIds }) => (sourceTokenIds ? [sourceTokenIds] : []));
  const packed = packTokens(rows.map(({ tokenIds }) => tokenIds), { device, ...(sources.length > 0 && { sources }) });
  expectSource(model, packed);
  const hidden = model.hidden(packed); // [tokens, hidden]
  const losses = targetLosses(model, hidden, tensor([...targets], { dtype: 'int64', device })).toArray(); // [tokens]
  return losses.map((loss, place) => {
    if (targets[place] === ignoredTarget) return null;
    if (Number.isFinite(loss)) return -loss;
    throw new GenerationError({ message: 'Expected finite logits; got NaN or infinity. The weights are damaged, or their type is too narrow: try float32.', code: 'logits-not-finite', facts: { place } });
  });
}

function targetLosses(model: CausalLanguageModel, hidden: Tensor, targets: Tensor): Tensor {
  const chunk = placesAtOnce(model);
  if (hidden.dtype !== 'float32') return fusedLinearCrossEntropy(hidden, model.outputWeight, targets, { chunk, reduction: 'none', softcap: model.logitSoftcap });
  // In float32 the model's own product gives each place the same number whatever is in the batch; the fused kernel's depends on how many there are.
  const noReduction = 0;
  const wanted = ops.flatten(ops.nonzero(ops.neScalar(targets, ignoredTarget))); // places
  const chunks = ops.split(wanted, chunk, 0).map((places) =>
    scope(() => {
      const logits = model.logits(ops.indexSelect(hidden, 0, places)); // [chunk, vocabulary]
      return ops.crossEntropyLoss(logits, ops.indexSelect(targets, 0, places), null, noReduction, ignoredTarget);
    }),
  );
  return ops.indexCopyInPlace(zeros([targets.size], { device: hidden.device }), 0, wanted, ops.cat(chunks, 0));
}
