import { adaptedParts, DoraLinear, Dropout, LoraLinear, quantizedParts, StepNoise } from '@tunesmith/nn';
import { RandomGenerator } from '@tunesmith/tensor';
import type { LoraOptions } from '../train-options.js';
import { TrainingError } from '../training-error.js';
import type { TuningMethod } from '../tuning-method.js';
import { adaptedLinears, learningParameters, type AdaptedLinear } from './adapted-linears.js';
import { startFromWeight, type WeightStart } from './lora-start.js';
import { saveAdapter } from './save-adapter.js';

/**
 * Low-rank adaptation (arXiv 2106.09685) and its kin: the weights stay frozen, and every targeted linear learns scaling · B A beside its own;
 * rank-stabilized (rsLoRA), with magnitudes of their own (DoRA), with a faster B (LoRA+), begun from the weight (PiSSA, OLoRA); over weights held
 * in 8 or 4 bits (QLoRA).
 * Kept as a PEFT adapter folder in float32 that fits the model as it was.
 *
 * @throws TrainingError `lora-options` for settings that exclude each other; when the model is there, `unknown-target-modules`, `rank-too-large`.
 */
export function lora(options: LoraOptions, { dtype, seed }: { dtype: 'bfloat16' | 'float32'; seed: number }): TuningMethod {
  const { rank, alpha, dropout, targetModules, rankStabilized, decomposed, initialization, learningRateRatio, base } = options;
  if (decomposed && initialization !== 'zero') {
    throw new TrainingError('lora-options', `train: expected initialization zero with decomposed; got ${initialization}. A DoRA adapter that began from the weight would not fit the model as it was.`, { initialization });
  }
  if (base !== 'as-is' && initialization !== 'zero') {
    throw new TrainingError('lora-options', `train: expected base as-is with initialization ${initialization}, which takes a part out of the weights; got ${base}.`, { base, initialization });
  }
  const noise = new StepNoise(seed);
  const settings = { rank, alpha, rankStabilized, dropout: new Dropout(dropout, noise), generator: new RandomGenerator(seed) };
  const starts = new Map<string, WeightStart>();
  return {
    name: 'lora',
    dtype,
    parts: (plain) => adaptedParts(base === 'as-is' ? plain : quantizedParts(plain, { kind: base, dtype }), targetModules, (linear) => (decomposed ? new DoraLinear(linear, settings) : new LoraLinear(linear, settings))),

    initialize(model) {
      for (const linear of loraLinears(adaptedLinears(model, targetModules))) {
        if (linear instanceof DoraLinear) linear.initialize();
        else if (initialization !== 'zero') starts.set(linear.path, startFromWeight(linear, initialization));
      }
    },

    trainable: (model) => learningParameters(model, adaptedLinears(model, targetModules)),
    // As PEFT's LoRA+ optimizer: A by the rate itself, everything else (B, magnitudes) by a multiple of it.
    learningRateFactor: (name) => (name.endsWith('.lora_A.weight') ? 1 : learningRateRatio),
    beforeStep: ({ step }) => noise.begin(step),
    afterBackward: () => noise.end(),

    async save(model, { configJson }, outFolder) {
      await saveAdapter({ model, configJson, outFolder, adapted: loraLinears(adaptedLinears(model, targetModules)), starts, settings: { rank, alpha, dropout, rankStabilized, decomposed } });
    },

    [Symbol.dispose]() {
      for (const { a, b } of starts.values()) for (const tensor of [a, b]) tensor.dispose();
    },
  };
}

function loraLinears(adapted: readonly AdaptedLinear[]): (LoraLinear | DoraLinear)[] {
  return adapted.filter((linear) => linear instanceof LoraLinear || linear instanceof DoraLinear);
}
