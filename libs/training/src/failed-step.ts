import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText, writeFileAtomically } from '@tunesmith/checkpoints';
import type { CausalLanguageModel } from '@tunesmith/models';
import { noGrad, scope } from '@tunesmith/tensor';
import type { Tokenizer } from '@tunesmith/tokenizers';
import type { Example, Objective } from './objective.js';
import type { StepResult } from './train-step.js';
import { TrainingError } from './training-error.js';

/** A step whose loss or gradient is not finite, and what it was taken on. `step` is its number, from 1. */
export interface FailedStep {
  readonly step: number;
  readonly examples: readonly Example[];
  readonly result: StepResult;
  readonly model: CausalLanguageModel;
  readonly objective: Objective;
  readonly tokenizer: Pick<Tokenizer, 'decode'>;
}

/** Keeps the batch of a failed step in `folder/step-N.json`, each row with its text and its own loss, and makes the error that names both. */
export async function keepFailedStep({ step, examples, result, model, objective, tokenizer }: FailedStep, folder: string): Promise<TrainingError> {
  const kept = examples.map((example) => ({
    row: example.index + 1,
    loss: String(ownLoss(model, objective, example)),
    parts: example.rows.map(({ tokenIds }) => ({ text: tokenizer.decode([...tokenIds]), tokenIds: [...tokenIds] })),
  }));
  const path = join(folder, `step-${step}.json`);
  await mkdir(folder, { recursive: true });
  const values = { loss: String(result.loss), gradientNorm: String(result.gradientNorm) };
  await writeFileAtomically(path, jsonText({ step, ...values, rows: kept }));
  const rows = kept.map(({ row }) => row);
  const culprits = kept.filter(({ loss }) => !Number.isFinite(Number(loss))).map(({ row }) => row);
  return new TrainingError(
    'loss-not-finite',
    `train: expected a finite loss and gradient; got loss ${values.loss} and gradient norm ${values.gradientNorm} at step ${step} on rows ${rows.join(', ')}` +
      `${culprits.length > 0 && culprits.length < rows.length ? `, of which ${culprits.join(', ')} alone ${culprits.length === 1 ? 'is' : 'are'} not finite` : ''}. ` +
      `The weights were not updated; the batch is kept in ${path}. Try a lower learning rate, or dtype float32.`,
    { step, rows, ...values, batch: path },
  );
}

/** The loss of one example by itself; NaN where even that fails. */
function ownLoss(model: CausalLanguageModel, objective: Objective, example: Example): number {
  try {
    return noGrad(() => scope(() => objective.loss(model, [example], example.weight).item()));
  } catch {
    return NaN;
  }
}
