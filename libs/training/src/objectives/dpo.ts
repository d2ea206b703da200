import { collectRows, encodePreferences, type Split } from '@tunesmith/datasets';
import { keep, noGrad, ops, scope, tensor, zeros, type Tensor } from '@tunesmith/tensor';
import type { CausalLanguageModel } from '@tunesmith/models';
import type { Example, Objective } from '../objective.js';
import type { DpoOptions } from '../train-options.js';
import type { TrainingMaterial } from '../training-material.js';
import { allTokens, readRows, tokenLosses, trainedTokens } from '../trained-batch.js';

/** Pairs of one forward pass of the reference. */
const referenceBatch = 8;

/**
 * Direct preference optimization (arXiv 2305.18290, equation 7): the model shall find the chosen answer more likely, and the rejected one less, than
 * it did when training began. Beside it, by `sftWeight`, the chosen answer's cross-entropy per token (arXiv 2404.19733, section 3).
 *
 *     loss = -log sigmoid(beta · ((chosen - chosen before) - (rejected - rejected before)))      log-probabilities of whole answers
 *
 * The reference is the model itself before its first step; what it said of each pair is remembered, not the model.
 */
export function dpo({ datasetFolder, tokenizer, format, maxLength, longRows }: TrainingMaterial, { beta, sftWeight }: DpoOptions): Objective {
  /** Of each split: log-probabilities of chosen and rejected answers before the first step, float32 [pairs, 2]. */
  const references = new Map<Split, Tensor>();
  const places = new Map<Example, { readonly split: Split; readonly pair: number }>();

  return {
    name: 'dpo',

    async examples(split) {
      const fitted = await encodePreferences(await collectRows(datasetFolder, { split }), tokenizer, format(), { maxLength, longRows });
      const examples = fitted.pairs.map((rows): Example => ({ index: rows[0].index, rows, tokens: allTokens(rows), weight: 1 }));
      examples.forEach((example, pair) => places.set(example, { split, pair }));
      references.get(split)?.dispose();
      // Not a number until `begin`: a loss without its reference is none.
      references.set(split, noGrad(() => keep(ops.fillInPlace(zeros([examples.length, 2], { dtype: 'float32' }), Number.NaN))));
      return { examples, longRows: fitted.longRows };
    },

    async begin(model, examples, context) {
      for (let start = 0; start < examples.length; start += referenceBatch) {
        context.signal.throwIfAborted();
        const batch = examples.slice(start, start + referenceBatch);
        noGrad(() =>
          scope(() => {
            const said = answers(model, batch); // [pairs, 2]
            batch.forEach((example, pair) => ops.copyInPlace(remembered(example), ops.select(said, 0, pair)));
          }),
        );
        context.onProgress({ phase: 'reference', done: start + batch.length, total: examples.length, unit: 'pairs' });
        await new Promise(setImmediate);
      }
    },

    loss(model, examples, denominator) {
      const said = answers(model, examples); // [pairs, 2]
      const reference = ops.toDevice(ops.stack(examples.map(remembered)), said.device, 'float32'); // [pairs, 2]
      const [chosen, rejected] = ops.unbind(ops.sub(said, reference), 1) as [Tensor, Tensor];
      const preference = ops.neg(ops.logSigmoid(ops.mulScalar(ops.sub(chosen, rejected), beta))); // [pairs]
      if (sftWeight === 0) return ops.divScalar(ops.sumAll(preference), denominator);
      const lengths = tensor(examples.map(({ rows }) => trainedTokens(rows[0]!)), { dtype: 'float32', device: said.device });
      const perToken = ops.neg(ops.div(ops.select(said, 1, 0), lengths)); // [pairs]
      return ops.divScalar(ops.sumAll(ops.add(preference, perToken, sftWeight)), denominator);
    },

    state: () => new Map([...references].map(([split, reference]) => [`reference.${split}`, reference])),

    [Symbol.dispose]() {
      for (const reference of references.values()) reference.dispose();
    },
  };

  /** Float32 [2], a view of what is remembered. */
  function remembered(example: Example): Tensor {
    const place = places.get(example);
    if (!place) throw new RangeError(`dpo: pair ${example.index + 1} is not one of its own examples`);
    return ops.select(references.get(place.split)!, 0, place.pair);
  }
}

/** Log-probabilities of both answers of each pair, float32 [pairs, 2]. */
function answers(model: CausalLanguageModel, examples: readonly Example[]): Tensor {
  const rows = examples.flatMap((example) => example.rows);
  const batch = readRows(model, rows);
  const rowOf = rows.flatMap(({ tokenIds }, row) => tokenIds.map(() => row));
  const losses = tokenLosses(model, batch, 'none'); // [tokens]
  const { device } = losses;
  const sums = ops.indexAdd(zeros([rows.length], { dtype: 'float32', device }), 0, tensor(rowOf, { dtype: 'int64', device }), ops.toDtype(losses, 'float32')); // [rows]
  return ops.neg(ops.reshape(sums, [examples.length, 2]));
}
