import { adapterScaling, readAdapter, type Adapter } from '@tunesmith/checkpoints';
import { fillAdapter, type CausalLanguageModel } from '@tunesmith/models';
import { loraScaling } from '@tunesmith/nn';
import { adaptedLinears, lastWord, type AdaptedLinear } from './methods/adapted-linears.js';
import type { LoraOptions } from './train-options.js';
import { TrainingError } from './training-error.js';

/**
 * Lets the A and B (and magnitudes) of a model under LoRA begin as those of an adapter, so that the model says before the first step what it says with the adapter. Nothing of
 * the training that made it is taken over: moments begin anew.
 *
 * @throws TrainingError `adapter-differs` where rank, scaling, kind or targets are not those of the method; AdapterError `adapter-misfit` where it is of another model
 */
export async function startFromAdapter(model: CausalLanguageModel, folder: string, method: LoraOptions): Promise<void> {
  await using adapter = await readAdapter(folder);
  expectSameKind(adapter, method);
  expectSameTargets(adapter, adaptedLinears(model, method.targetModules));
  await fillAdapter(model, adapter);
}

function expectSameKind({ config, modules, path }: Adapter, { rank, alpha, rankStabilized, decomposed }: LoraOptions): void {
  const wanted = { rank, scaling: loraScaling({ rank, alpha, rankStabilized }), decomposed };
  for (const module of modules.keys()) {
    const own = adapterScaling(config, module);
    const found = { rank: own.rank, scaling: own.scale, decomposed: config.useDora };
    if (found.rank === wanted.rank && Math.abs(found.scaling / wanted.scaling - 1) < 1e-6 && found.decomposed === wanted.decomposed) continue;
    const described = ({ rank: r, scaling, decomposed: isDora }: typeof wanted): string => `rank ${r}, scaling ${Number(scaling.toPrecision(4))}, ${isDora ? 'DoRA' : 'LoRA'}`;
    throw new TrainingError('adapter-differs', `train: expected the adapter in ${path} to be what the method makes: ${described(wanted)}; it is ${described(found)} at ${module}. Ask for a rank of ${found.rank}, an alpha of ${own.alpha}${config.useRslora ? ', rank-stabilized' : ''}${found.decomposed ? ', decomposed' : ''}.`, { module, expected: wanted, found });
  }
}

function expectSameTargets({ modules, path }: Adapter, linears: readonly AdaptedLinear[]): void {
  const adapted = new Set(linears.map((linear) => linear.path));
  const missing = [...adapted].filter((module) => !modules.has(module));
  const further = [...modules.keys()].filter((module) => !adapted.has(module));
  if (missing.length === 0 && further.length === 0) return;
  const words = (modulePaths: Iterable<string>): string => [...new Set([...modulePaths].map(lastWord))].sort().join(', ');
  throw new TrainingError(
    'adapter-differs',
    `train: expected the adapter in ${path} to update the linears that the method does: ${adapted.size} (${words(adapted)}); it updates ${modules.size} (${words(modules.keys())}). Name its targets with targetModules.`,
    { missing, further },
  );
}
