import type { ModelFamily } from '../model-family.js';
import { parseQwen3Config, type Qwen3Config } from './config.js';
import { Qwen3Model } from './model.js';
import { qwen3Weights } from './weights.js';

/** Qwen3, the dense models. */
export const qwen3: ModelFamily<Qwen3Config> = {
  name: 'qwen3',
  architectures: ['Qwen3ForCausalLM'],
  modelTypes: ['qwen3'],
  parseConfig: parseQwen3Config,
  build: (config, parts) => new Qwen3Model(config, parts),
  weights: qwen3Weights,
};
