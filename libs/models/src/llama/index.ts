import type { ModelFamily } from '../model-family.js';
import { parseLlamaConfig, type LlamaConfig } from './config.js';
import { LlamaModel } from './model.js';
import { llamaWeights } from './weights.js';

/** Llama 1 to 3, SmolLM, SmolLM2, and Mistral, which differs by its window only. */
export const llama: ModelFamily<LlamaConfig> = {
  name: 'llama',
  architectures: ['LlamaForCausalLM', 'MistralForCausalLM'],
  modelTypes: ['llama', 'mistral'],
  parseConfig: parseLlamaConfig,
  build: (config, parts) => new LlamaModel(config, parts),
  weights: llamaWeights,
};
