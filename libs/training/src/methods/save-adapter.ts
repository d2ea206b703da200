import { adapterTensorName, loraAdapterConfig, writeAdapter, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { storesTransposed, type CausalLanguageModel } from '@tunesmith/models';
import { DoraLinear, type LoraLinear } from '@tunesmith/nn';
import { noGrad, ops, scope, type Tensor } from '@tunesmith/tensor';
import { targetNames } from './adapted-linears.js';
import type { WeightStart } from './lora-start.js';

export interface SavedAdapter {
  readonly model: CausalLanguageModel;
  readonly configJson: Record<string, unknown>;
  readonly outFolder: string;
  readonly adapted: readonly (LoraLinear | DoraLinear)[];
  /** By path: A and B as they began, where they were taken out of the weight. */
  readonly starts: ReadonlyMap<string, WeightStart>;
  readonly settings: { readonly rank: number; readonly alpha: number; readonly dropout: number; readonly rankStabilized: boolean; readonly decomposed: boolean };
}

/**
 * Writes A and B as a PEFT adapter of the model as it was. Where they began as a part of the weight, that part is taken away again by twice the rank:
 * [B, -B₀] [A; A₀] = B A - B₀ A₀, and alpha grows so that the scaling stays (PEFT's path_initial_model_for_weight_conversion).
 */
export async function saveAdapter({ model, configJson, outFolder, adapted, starts, settings }: SavedAdapter): Promise<void> {
  const { rank, alpha, dropout, rankStabilized, decomposed } = settings;
  const tensors = adapted.flatMap((linear): SafetensorsEntry[] => {
    const { path, loraA, loraB } = linear;
    const start = starts.get(path);
    const pair = [
      entry(adapterTensorName(path, 'a'), () => (start ? ops.cat([loraA, start.a], 0) : loraA)),
      entry(adapterTensorName(path, 'b'), () => (start ? ops.cat([loraB, ops.neg(start.b)], 1) : loraB)),
    ];
    return linear instanceof DoraLinear ? [...pair, entry(adapterTensorName(path, 'magnitude'), () => linear.magnitude)] : pair;
  });
  const wider = starts.size > 0 ? 2 : 1;
  const config = loraAdapterConfig({
    rank: rank * wider,
    alpha: alpha * (rankStabilized ? Math.sqrt(wider) : wider),
    dropout,
    useRslora: rankStabilized,
    useDora: decomposed,
    fanInFanOut: adapted.some(({ path }) => storesTransposed(configJson, `${path}.weight`)),
    taskType: model.readsSource ? 'SEQ_2_SEQ_LM' : 'CAUSAL_LM',
    targetModules: targetNames(model, adapted),
    baseModel: typeof configJson._name_or_path === 'string' ? configJson._name_or_path : null,
  });
  await writeAdapter(outFolder, { config, tensors });
}

function entry(name: string, make: () => Tensor): SafetensorsEntry {
  return noGrad(() => scope(() => {
    const tensor = make();
    return { name, dtype: 'F32', shape: tensor.shape, bytes: tensor.toBytes() };
  }));
}
