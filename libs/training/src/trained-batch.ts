import { packRows, type EncodedRow, type PackedRows } from '@tunesmith/datasets';
import { expectSource, type CausalLanguageModel } from '@tunesmith/models';
import { fusedLinearCrossEntropy, tensor, type Tensor } from '@tunesmith/tensor';
import { packedTokens } from './packed-tokens.js';

/** Rows as a model has read them. Its tensors belong to the caller's scope. */
export interface ReadBatch {
  readonly packed: PackedRows;
  readonly hidden: Tensor; // [tokens, hidden]
  readonly targets: Tensor; // int64 [tokens]
}

/** Sends rows through the model, packed. Throws TunesmithError `source-missing`, `source-superfluous`. */
export function readRows(model: CausalLanguageModel, rows: readonly EncodedRow[]): ReadBatch {
  const packed = packRows(rows);
  const { device } = model.outputWeight;
  const batch = packedTokens(packed, device);
  expectSource(model, batch);
  return { packed, hidden: model.hidden(batch), targets: tensor(packed.targets, { dtype: 'int64', device }) };
}

/** The cross-entropy of every target by its weight: their `sum`, or `none`, one for each token, 0 where there is no target. */
export function tokenLosses(model: CausalLanguageModel, { packed, hidden, targets }: ReadBatch, reduction: 'sum' | 'none'): Tensor {
  const weights = packed.targetWeights && tensor(packed.targetWeights, { dtype: 'float32', device: hidden.device });
  return fusedLinearCrossEntropy(hidden, model.outputWeight, targets, { reduction, weights: weights ?? null, softcap: model.logitSoftcap });
}

/** How many tokens of a row are targets; the first of a row never is. */
export function trainedTokens({ lossMask }: EncodedRow): number {
  return lossMask.reduce((sum, trained, place) => sum + (trained && place > 0 ? 1 : 0), 0);
}

/** All tokens of rows, sources too. */
export function allTokens(rows: readonly EncodedRow[]): number {
  return rows.reduce((sum, { tokenIds, sourceTokenIds }) => sum + tokenIds.length + (sourceTokenIds?.length ?? 0), 0);
}
