import type { ModelFamily } from '../model-family.js';
import { parseMixtralConfig, type MixtralConfig } from './config.js';
import { MixtralModel } from './model.js';
import { mixtralWeights } from './weights.js';

/** Mixtral, the sparse mixture of experts. */
export const mixtral: ModelFamily<MixtralConfig> = {
  name: 'mixtral',
  architectures: ['MixtralForCausalLM'],
  modelTypes: ['mixtral'],
  parseConfig: parseMixtralConfig,
  build: (config, parts) => new MixtralModel(config, parts),
  weights: mixtralWeights,
};
