import { collectRows, encodeConversations, ignoredTarget, type EncodedRow, type Split } from '@tunesmith/datasets';
import { expectSource, loadModel, type CausalLanguageModel } from '@tunesmith/models';
import { noGrad, ops, tensor, type Tensor } from '@tunesmith/tensor';
import { chunkedLoss } from '../chunked-loss.js';
import { divergence, type TaughtLogits } from '../divergence.js';
import { expectSameVocabulary } from '../expect-same-vocabulary.js';
import type { Example, Objective } from '../objective.js';
import { packedTokens } from '../packed-tokens.js';
import { distributionsFile, hasDistributions, StoredDistributions } from '../stored-distributions.js';
import { tokenExamples } from '../token-examples.js';
import { readRows, type ReadBatch } from '../trained-batch.js';
import type { DistillOptions } from '../train-options.js';
import { TrainingError } from '../training-error.js';
import type { TrainingMaterial } from '../training-material.js';

/** Logits that exist at one time, of the student and of the teacher each; some five tensors of this size live while a chunk is computed. */
const logitsAtOnce = 2 ** 23;

/**
 * Distillation: the student learns, at every token that the assistant says, what the teacher expected there.
 *
 *     loss = labelShare · cross-entropy of the label + (1 - labelShare) · divergence from the teacher        mean over the trained tokens
 *
 * FuseChat's equation 5 (arXiv 2408.07990) with labelShare as its lambda; its cross-entropy against a fixed distribution differs from forward-kl
 * by a constant. `mixing` moves the share: `hard-and-decay` from labelShare to 1 over the training, `soft` gives the teacher of each row exp(-its
 * cross-entropy there) instead. The teacher is a model of the same vocabulary, read beside the student, or what it said once, stored beside the rows.
 */
export function distill(material: TrainingMaterial, options: DistillOptions): Objective {
  const { datasetFolder, teacherFolder, tokenizer, format, maxLength, longRows, dtype } = material;
  const { topK, labelShare, mixing = 'hard' } = options;
  const stored = new Map<Split, StoredDistributions>();
  const splits = new Map<Example, Split>();
  let teacher: CausalLanguageModel | undefined;
  let decayed = 0; // of what was the teacher's at the beginning, the part that the labels have taken over

  return {
    name: 'distill',

    async examples(split) {
      if (mixing === 'soft' && teacherFolder !== undefined) throw new TrainingError('bad-settings', 'train: mixing soft: expected stored distributions, which know the cross-entropy of each row; got a live teacher. Use hard or hard-and-decay.', { mixing });
      if (teacherFolder === undefined) {
        stored.get(split)?.[Symbol.dispose]();
        stored.set(split, await storedOf(split));
      } else await expectSameVocabulary(material, teacherFolder, 'teacher');
      const set = tokenExamples(await encodeConversations(await collectRows(datasetFolder, { split }), tokenizer, format(), { maxLength, longRows }));
      for (const example of set.examples) {
        splits.set(example, split);
        for (const row of example.rows) stored.get(split)?.expectRow(row);
      }
      return set;
    },

    async open() {
      if (teacherFolder !== undefined) teacher ??= (await loadModel(teacherFolder, { dtype })).model;
    },

    beforeStep({ step, steps }) {
      if (mixing === 'hard-and-decay') decayed = step / steps;
    },

    loss(model, examples, denominator) {
      const rows = examples.flatMap((example) => example.rows);
      const batch = readRows(model, rows);
      const { targets, targetWeights } = batch.packed;
      const kept = [...targets.keys()].filter((place) => targets[place] !== ignoredTarget);
      const { device } = batch.hidden;
      const keptIds = tensor(kept, { dtype: 'int64', device }); // [kept]
      const labels = ops.unsqueeze(ops.indexSelect(batch.targets, 0, keptIds), 1); // [kept, 1]
      const weights = targetWeights && tensor(kept.map((place) => targetWeights[place]!), { dtype: 'float32', device }); // [kept]
      const shares = mixing === 'soft' ? tensor(softShares(examples, kept), { dtype: 'float32', device }) : null; // [kept]
      const share = labelShare + (1 - labelShare) * decayed;
      const taught = teacher ? live(teacher, model, batch, keptIds) : fromStore(examples, kept, device);
      const hidden = ops.indexSelect(batch.hidden, 0, keptIds); // [kept, hidden]
      const chunk = Math.max(16, Math.floor(logitsAtOnce / model.vocabularySize));
      const loss = chunkedLoss(hidden, model.outputWeight, chunk, (part, head, start) => {
        const count = part.shape[0]!;
        const logits = logitsOf(part, head, model.logitSoftcap); // [count, vocabulary]
        const apart = divergence(logits, noGrad(() => taught(start, count)), options); // [count]
        if (!shares && share === 0) return ops.sumAll(weights ? ops.mul(apart, ops.narrow(weights, 0, start, count)) : apart);
        const label = ops.neg(ops.squeeze(ops.gather(ops.logSoftmax(logits, -1), 1, ops.narrow(labels, 0, start, count)), 1)); // [count]
        const mixed = shares ? ops.lerpTensor(apart, label, ops.narrow(shares, 0, start, count)) : ops.add(ops.mulScalar(label, share), apart, 1 - share);
        return ops.sumAll(weights ? ops.mul(mixed, ops.narrow(weights, 0, start, count)) : mixed);
      });
      return ops.divScalar(loss, denominator);
    },

    [Symbol.dispose]() {
      teacher?.[Symbol.dispose]();
      teacher = undefined;
      for (const each of stored.values()) each[Symbol.dispose]();
      stored.clear();
    },
  };

  async function storedOf(split: Split): Promise<StoredDistributions> {
    if (!(await hasDistributions(datasetFolder))) {
      throw new TrainingError('no-teacher', `train: the objective distill expects a teacher: a model (teacher), or what one said stored beside the rows (${distributionsFile}); got neither.`, { folder: datasetFolder });
    }
    if (longRows === 'split') throw new TrainingError('cannot-split', 'train: stored distributions belong to whole rows, so long rows cannot be split. Use longRows truncate or drop, or raise maxLength.', {});
    const read = await StoredDistributions.open(datasetFolder, split);
    if (topK <= read.entries) return read;
    read[Symbol.dispose]();
    throw new TrainingError('distributions-too-few', `train: expected at least topK = ${topK} tokens at each place of ${distributionsFile}; it holds ${read.entries}. Lower topK, or make the distributions again.`, { topK, entries: read.entries });
  }

  /** The live teacher's words at the trained places, by chunk of them. */
  function live(of: CausalLanguageModel, student: CausalLanguageModel, { packed }: ReadBatch, keptIds: Tensor): (start: number, count: number) => TaughtLogits {
    const hidden = noGrad(() => {
      const batch = packedTokens(packed, of.outputWeight.device);
      expectSource(of, batch);
      return ops.indexSelect(of.hidden(batch), 0, keptIds); // [kept, hidden]
    });
    return (start, count) => {
      const logits = logitsOf(ops.narrow(hidden, 0, start, count), of.outputWeight, of.logitSoftcap);
      // One tokenizer, but tables padded to different sizes: what no token stands for is left out.
      const shared = ops.narrow(logits, 1, 0, Math.min(of.vocabularySize, student.vocabularySize)); // [count, shared]
      if (topK === 0) return { logits: shared, tokens: null };
      const [values, tokens] = ops.topk(shared, Math.min(topK, shared.shape[1]!));
      return { logits: values, tokens };
    };
  }

  function originsOf(examples: readonly Example[]): Origin[] {
    return examples.flatMap((example) => example.rows.flatMap((row): Origin[] => row.tokenIds.map((_, place) => ({ row, place, split: splits.get(example)! }))));
  }

  function softShares(examples: readonly Example[], kept: readonly number[]): number[] {
    const origins = originsOf(examples);
    return kept.map((place) => 1 - Math.exp(-stored.get(origins[place]!.split)!.crossEntropy(origins[place]!.row.index)));
  }

  function fromStore(examples: readonly Example[], kept: readonly number[], device: string): (start: number, count: number) => TaughtLogits {
    const origins = originsOf(examples);
    return (start, count) => {
      const asked = kept.slice(start, start + count).map((place) => origins[place]!);
      const { tokens, logits } = stored.get(asked[0]!.split)!.at(asked.map(({ row, place }) => [row.index, place] as const), topK);
      return { tokens: tokens && ops.toDevice(tokens, device, 'int64'), logits: ops.toDevice(logits, device, 'float32') };
    };
  }
}

/** Where a token of a batch comes from. */
interface Origin {
  readonly row: EncodedRow;
  readonly place: number;
  readonly split: Split;
}

/** Float32 [rows, vocabulary]. */
function logitsOf(hidden: Tensor, head: Tensor, softcap: number | null): Tensor {
  const plain = ops.toDtype(ops.linear(hidden, head), hidden.dtype === 'float64' ? 'float64' : 'float32');
  return softcap === null ? plain : ops.mulScalar(ops.tanh(ops.divScalar(plain, softcap)), softcap);
}
