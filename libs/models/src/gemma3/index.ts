import type { ModelFamily } from '../model-family.js';
import { parseGemma3Config, type Gemma3Config } from './config.js';
import { Gemma3Model } from './model.js';
import { gemma3Weights, gemma3WithVision } from './weights.js';

/** Gemma 3, the text model. */
export const gemma3: ModelFamily<Gemma3Config> = {
  name: 'gemma3',
  architectures: ['Gemma3ForCausalLM'],
  modelTypes: ['gemma3_text'],
  parseConfig: parseGemma3Config,
  build: (config, parts) => new Gemma3Model(config, parts),
  weights: gemma3Weights,
  within: [gemma3WithVision],
};
