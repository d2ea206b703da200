import type { ModelFamily } from '../model-family.js';
import { parseGptNeoConfig, type GptNeoConfig } from './config.js';
import { GptNeoModel } from './model.js';
import { gptNeoWeights } from './weights.js';

/** GPT-Neo. */
export const gptNeo: ModelFamily<GptNeoConfig> = {
  name: 'gpt_neo',
  architectures: ['GPTNeoForCausalLM'],
  modelTypes: ['gpt_neo'],
  parseConfig: parseGptNeoConfig,
  build: (config, parts) => new GptNeoModel(config, parts),
  learnedPositions: ({ max_position_embeddings }) => max_position_embeddings,
  weights: gptNeoWeights,
};
