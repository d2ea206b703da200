import { adapterTensorName, loraAdapterConfig, writeAdapter, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { storesTransposed, type CausalLanguageModel } from '@tunesmith/models';
import { adaptedParts, AdaLoraLinear, Dropout, StepNoise } from '@tunesmith/nn';
import { noGrad, ones, ops, RandomGenerator, scope, tensor, type Tensor } from '@tunesmith/tensor';
import type { AdaLoraOptions } from '../train-options.js';
import { TrainingError } from '../training-error.js';
import type { TuningMethod } from '../tuning-method.js';
import { adaptedLinears, learningParameters, targetNames } from './adapted-linears.js';
import { budgetPhases, RankAllocator } from './rank-allocator.js';

/**
 * Low-rank adaptation whose ranks go where they matter (AdaLoRA, arXiv 2303.10512): updates P Λ Q begin with `initialRank` everywhere, and the least
 * important singular values of the whole model are taken away until `targetRank` is left on average. Kept as a PEFT LoRA adapter with a rank for each
 * linear, which every tool that knows LoRA can load.
 *
 * @throws TrainingError `adalora-options` for ranks or phases that leave nothing to share out; when the model is there, `rank-too-large` and
 *   `unknown-target-modules`.
 */
export function adalora(options: AdaLoraOptions, { dtype, seed }: { dtype: 'bfloat16' | 'float32'; seed: number }): TuningMethod {
  const { initialRank, targetRank, alpha, dropout, targetModules, warmupRatio, finalRatio, orthogonality } = options;
  if (targetRank > initialRank) throw new TrainingError('adalora-options', `train: expected targetRank to be at most initialRank, from which ranks shrink; got ${targetRank} and ${initialRank}.`, { targetRank, initialRank });
  if (warmupRatio + finalRatio >= 1) throw new TrainingError('adalora-options', `train: expected warmupRatio and finalRatio to leave steps for ranks to shrink in; got ${warmupRatio} and ${finalRatio}, which are all of them.`, { warmupRatio, finalRatio });
  const noise = new StepNoise(seed);
  const settings = { rank: initialRank, alpha, dropout: new Dropout(dropout, noise), generator: new RandomGenerator(seed) };
  let linears: AdaLoraLinear[] = [];
  let allocator: RankAllocator | null = null;

  function allocatorOf(model: CausalLanguageModel): RankAllocator {
    if (allocator) return allocator;
    linears = adaptedLinears(model, targetModules).filter((linear) => linear instanceof AdaLoraLinear);
    for (const { path, shape } of linears) {
      const smaller = Math.min(...shape);
      if (initialRank > smaller) throw new TrainingError('rank-too-large', `train: expected initialRank to be at most ${smaller}, the smaller side of ${path} [${shape.join(', ')}]: more directions cannot be orthogonal. Got ${initialRank}.`, { path, rank: initialRank, most: smaller });
    }
    return (allocator = new RankAllocator(linears, options));
  }

  return {
    name: 'adalora',
    dtype,
    parts: (plain) => adaptedParts(plain, targetModules, (linear) => new AdaLoraLinear(linear, settings)),

    trainable(model) {
      allocatorOf(model);
      return learningParameters(model, linears);
    },

    beforeStep({ step, steps }) {
      const { from, until } = budgetPhases(options, steps);
      if (step === 0 && until <= from) throw new TrainingError('adalora-options', `train: expected steps between the first ${from} and the last ${steps - until} for ranks to shrink in; ${steps} steps have none. Try more steps, or smaller warmupRatio and finalRatio.`, { steps });
      noise.begin(step);
    },

    /** The mean over all P and Q of how far they are from orthonormal (equation 4, without the squares, as PEFT has it). */
    penalty() {
      if (orthogonality === 0) return null;
      const distances = linears.flatMap(({ loraA, loraB }) => [ops.matmul(loraA, ops.t(loraA)), ops.matmul(ops.t(loraB), loraB)]).map((square) => ops.norm(ops.sub(square, identity(square))));
      return ops.mulScalar(ops.meanAll(ops.stack(distances)), orthogonality);
    },

    afterBackward: () => noise.end(),
    afterStep: (place) => allocator?.afterStep(place),
    state: () => allocator?.state() ?? new Map(),

    async save(model, { configJson }, outFolder) {
      const { ranks, tensors } = keptAdapter(allocatorOf(model), linears);
      const rank = Math.max(...Object.values(ranks));
      const config = loraAdapterConfig({
        rank,
        // The scaling is in A already, so each linear's alpha is its rank.
        alpha: rank,
        rankPattern: ranks,
        alphaPattern: ranks,
        dropout,
        fanInFanOut: linears.some(({ path }) => storesTransposed(configJson, `${path}.weight`)),
        taskType: model.readsSource ? 'SEQ_2_SEQ_LM' : 'CAUSAL_LM',
        targetModules: targetNames(model, linears.filter(({ path }) => ranks[path])),
        baseModel: typeof configJson._name_or_path === 'string' ? configJson._name_or_path : null,
      });
      await writeAdapter(outFolder, { config, tensors });
    },

    [Symbol.dispose]() {
      allocator?.[Symbol.dispose]();
    },
  };
}

/** What is left of each update as A and B: A takes the singular values and the scaling. Linears without any are left out. */
function keptAdapter(allocator: RankAllocator, linears: readonly AdaLoraLinear[]): { ranks: Record<string, number>; tensors: SafetensorsEntry[] } {
  const ranks: Record<string, number> = {};
  const tensors: SafetensorsEntry[] = [];
  noGrad(() =>
    scope(() => {
      for (const linear of linears) {
        const kept = allocator.keptRanks(linear);
        if (kept.length === 0) continue;
        const chosen = tensor(kept, { dtype: 'int64', device: linear.loraA.device });
        const a = ops.indexSelect(ops.mulScalar(ops.mul(linear.loraA, linear.loraE), linear.scaling), 0, chosen); // [kept, in]
        const b = ops.indexSelect(linear.loraB, 1, chosen); // [out, kept]
        ranks[linear.path] = kept.length;
        tensors.push({ name: adapterTensorName(linear.path, 'a'), dtype: 'F32', shape: a.shape, bytes: a.toBytes() }, { name: adapterTensorName(linear.path, 'b'), dtype: 'F32', shape: b.shape, bytes: b.toBytes() });
      }
    }),
  );
  return { ranks, tensors };
}

/** As large as a square matrix, and where it is. */
function identity({ shape, device }: Tensor): Tensor {
  return ops.diag(ones([shape[0] ?? 0], { device }));
}
