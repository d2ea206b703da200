import type { ModelFamily } from '../model-family.js';
import { parseGptNeoXConfig, type GptNeoXConfig } from './config.js';
import { GptNeoXModel } from './model.js';
import { gptNeoXWeights } from './weights.js';

/** GPT-NeoX and Pythia. */
export const gptNeoX: ModelFamily<GptNeoXConfig> = {
  name: 'gpt_neox',
  architectures: ['GPTNeoXForCausalLM'],
  modelTypes: ['gpt_neox'],
  parseConfig: parseGptNeoXConfig,
  build: (config, parts) => new GptNeoXModel(config, parts),
  weights: gptNeoXWeights,
};
