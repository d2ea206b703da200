import type { OptimizedParameter } from '../optimizer.js';
import { together } from '../optimizers/together.js';
import { AdamW } from '../optimizers/adamw.js';
import { GaLoreAdamW } from '../optimizers/galore-adamw.js';
import type { GaLoreOptions, OptimizerOptions } from '../train-options.js';
import { TrainingError } from '../training-error.js';
import type { TuningMethod } from '../tuning-method.js';
import { full } from './full.js';
import { layerPath } from './layer-path.js';

/**
 * Every parameter learns, with little optimizer memory: of matrices inside layers the moments live in a projection (GaLore, arXiv 2403.03507). All others,
 * and matrices whose shorter side is no longer than the rank, where there is nothing to gain, have AdamW's.
 *
 * @throws TrainingError `galore-optimizer` for another optimizer than AdamW; `rank-too-large` where no matrix is larger than the rank.
 */
export function galore(options: GaLoreOptions, { modelFolder, optimizer: adamw }: { modelFolder: string; optimizer: OptimizerOptions }): TuningMethod {
  if (adamw.kind !== 'adamw') throw new TrainingError('galore-optimizer', `train: expected the optimizer adamw with the method galore, which projects its moments; got ${adamw.kind}.`, { optimizer: adamw.kind });
  const { rank } = options;
  return {
    ...full({ kind: 'full' }, { modelFolder }),
    name: 'galore',

    optimizer(parameters) {
      const isProjected = ({ name, tensor: { shape } }: OptimizedParameter) => layerPath(name) !== null && shape.length === 2 && Math.min(...shape) > rank;
      const projected = parameters.filter(isProjected);
      if (projected.length === 0) {
        const most = Math.max(0, ...parameters.map(({ name, tensor: { shape } }) => (layerPath(name) !== null && shape.length === 2 ? Math.min(...shape) : 0))) - 1;
        throw new TrainingError('rank-too-large', `train: expected a rank of at most ${most}, below the shorter side of the model's matrices; got ${rank}. Try a lower rank, or the method full.`, { rank, most });
      }
      return together([new GaLoreAdamW(projected, { ...options, ...adamw }), new AdamW(parameters.filter((parameter) => !isProjected(parameter)), adamw)]);
    },
  };
}
