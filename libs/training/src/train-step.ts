import type { PackedRows, RowLayout } from '@tunesmith/datasets';
import { expectSource, type CausalLanguageModel } from '@tunesmith/models';
import type { PackedTokens } from '@tunesmith/nn';
import { fusedLinearCrossEntropy, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { clipGradients } from './clip-gradients.js';
import type { AdamW } from './optimizers/adamw.js';

export interface StepResult {
  /** Mean cross-entropy of the trained tokens, in nats. */
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** All tokens of the batch, trained or not; those of sources too. */
  readonly tokens: number;
}

/** Forward, backward, clip, update: one optimizer step on one packed batch. Every tensor made on the way is freed. */
export function trainStep(model: CausalLanguageModel, parameters: readonly Tensor[], optimizer: AdamW, rows: PackedRows, options: { learningRate: number; maxGradientNorm: number }): StepResult {
  return scope(() => {
    const batch = packedTokens(rows);
    expectSource(model, batch);
    const hidden = model.hidden(batch); // [tokens, hidden]
    const targets = tensor(rows.targets, { dtype: 'int64' }); // [tokens]
    const loss = fusedLinearCrossEntropy(hidden, model.outputWeight, targets, { reduction: 'mean' });
    loss.backward();
    const gradientNorm = clipGradients(parameters, options.maxGradientNorm);
    const value = loss.item();
    if (Number.isFinite(value) && Number.isFinite(gradientNorm)) optimizer.step(options.learningRate);
    optimizer.zeroGradients();
    return { loss: value, gradientNorm, tokens: rows.tokenIds.length + (rows.source?.tokenIds.length ?? 0) };
  });
}

function packedTokens({ tokenIds, positions, boundaries, source }: RowLayout & { readonly source?: RowLayout }): PackedTokens {
  return {
    tokenIds: tensor(tokenIds, { dtype: 'int64' }),
    positions: tensor(positions, { dtype: 'int64' }),
    boundaries,
    ...(source && { source: packedTokens(source) }),
  };
}
