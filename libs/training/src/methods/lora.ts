import { adapterTensorName, loraAdapterConfig, writeAdapter, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { storesTransposed } from '@tunesmith/models';
import { loraParts, LoraLinear } from '@tunesmith/nn';
import { RandomGenerator } from '@tunesmith/tensor';
import type { LoraOptions } from '../train-options.js';
import { TrainingError } from '../training-error.js';
import type { TuningMethod } from '../tuning-method.js';

/**
 * Low-rank adaptation (arXiv:2106.09685): the weights stay frozen; every targeted linear learns scaling * B A beside its
 * own. Kept as a PEFT adapter folder in float32.
 */
export function lora({ rank, alpha, dropout, targetModules }: LoraOptions, { dtype, seed }: { dtype: 'bfloat16' | 'float32'; seed: number }): TuningMethod {
  return {
    name: 'lora',
    dtype,
    parts: (plain) => loraParts(plain, { rank, alpha, dropout, targetModules, generator: new RandomGenerator(seed) }),

    trainable(model) {
      const adapted = adaptedLinears(model.modules());
      if (adapted.length === 0) {
        throw new TrainingError('no-target-modules', `train: expected targetModules to name linear layers of the model; ${JSON.stringify(targetModules)} names none. Try all-linear, or the last words of paths, such as q_proj.`, { targetModules });
      }
      return new Map(adapted.flatMap((linear) => [[`${linear.path}.lora_A`, linear.loraA] as const, [`${linear.path}.lora_B`, linear.loraB] as const]));
    },

    async save(model, { configJson }, outFolder) {
      const adapted = adaptedLinears(model.modules());
      const tensors = adapted.flatMap(({ path, loraA, loraB }): SafetensorsEntry[] => [
        { name: adapterTensorName(path, 'a'), dtype: 'F32', shape: loraA.shape, bytes: loraA.toBytes() },
        { name: adapterTensorName(path, 'b'), dtype: 'F32', shape: loraB.shape, bytes: loraB.toBytes() },
      ]);
      const targets = new Set(adapted.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)));
      const baseModel = typeof configJson._name_or_path === 'string' ? configJson._name_or_path : null;
      const fanInFanOut = adapted.some(({ path }) => storesTransposed(configJson, `${path}.weight`));
      await writeAdapter(outFolder, { config: loraAdapterConfig({ rank, alpha, dropout, targetModules: [...targets], baseModel, fanInFanOut }), tensors });
    },
  };
}

function adaptedLinears(modules: Iterable<unknown>): LoraLinear[] {
  return [...modules].filter((module) => module instanceof LoraLinear);
}
