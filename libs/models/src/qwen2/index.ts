import type { ModelFamily } from '../model-family.js';
import { parseQwen2Config, type Qwen2Config } from './config.js';
import { Qwen2Model } from './model.js';
import { qwen2Weights } from './weights.js';

/** Qwen2 and Qwen2.5, the Coder and Math models included. */
export const qwen2: ModelFamily<Qwen2Config> = {
  name: 'qwen2',
  architectures: ['Qwen2ForCausalLM'],
  modelTypes: ['qwen2'],
  parseConfig: parseQwen2Config,
  build: (config, parts) => new Qwen2Model(config, parts),
  weights: qwen2Weights,
};
