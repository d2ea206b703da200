import type { LongRowCounts } from '@tunesmith/datasets';
import { longestRow } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { checkTrainOptions } from './check-train-options.js';
import type { DataOrder } from './data-order.js';
import { nothingToEvaluate } from './evaluate-loss.js';
import type { Example, Objective } from './objective.js';
import { objectiveFor } from './objectives.js';
import { orderExamples } from './order-examples.js';
import type { TrainOptions } from './train-options.js';
import { TrainingError } from './training-error.js';
import { readMaterial, type TrainingMaterial } from './training-material.js';

/** What is known of a training before its model is loaded: the same for one that starts and for one that is only planned. */
export interface PreparedTraining {
  readonly material: TrainingMaterial;
  readonly objective: Objective;
  readonly examples: readonly Example[];
  /** Empty where nothing is evaluated. */
  readonly heldOut: readonly Example[];
  readonly longRows: LongRowCounts;
  readonly order: DataOrder;
}

/** @throws TrainingError `bad-settings`, `nothing-to-train`, `nothing-to-evaluate`, `row-too-long`, and the errors of reading the dataset, the template and the tokenizer. */
export async function prepareTraining(options: TrainOptions, context: WorkContext): Promise<PreparedTraining> {
  checkTrainOptions(options);
  const material = await readMaterial(options);
  const objective = objectiveFor(material);
  const { examples, longRows } = await objective.examples('train');
  if (examples.length === 0) throw new TrainingError('nothing-to-train', 'train: expected at least one row of the training split; the dataset has none.', { folder: options.datasetFolder });
  const heldOut = options.evaluateEvery === undefined ? [] : (await objective.examples('validation')).examples;
  if (options.evaluateEvery !== undefined && heldOut.length === 0) throw nothingToEvaluate(0);
  expectReadable([...examples, ...heldOut], await longestRow(options.modelFolder));
  const order = await orderExamples({ training: examples, heldOut }, material, objective, context);
  return { material, objective, examples, heldOut, longRows, order };
}

/** maxLength may be more than the model can read: then a row would end the training in whichever step it comes. */
function expectReadable(examples: readonly Example[], most: number): void {
  const tooLong = examples.flatMap(({ index, rows }) => {
    const tokens = Math.max(...rows.map(({ tokenIds }) => tokenIds.length));
    return tokens > most ? [{ row: index + 1, tokens }] : [];
  });
  if (tooLong.length === 0) return;
  const listed = tooLong.slice(0, 10).map(({ row, tokens }) => `row ${row} (${tokens} tokens)`).join(', ');
  throw new TrainingError(
    'row-too-long',
    `train: expected rows of at most ${most} tokens, as many as the model has learned positions for; got ${listed}${tooLong.length > 10 ? ` and ${tooLong.length - 10} more` : ''}. Use maxLength ${most}, and say with longRows what becomes of longer rows.`,
    { positions: most, rows: tooLong },
  );
}
