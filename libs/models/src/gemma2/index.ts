import type { ModelFamily } from '../model-family.js';
import { parseGemma2Config, type Gemma2Config } from './config.js';
import { Gemma2Model } from './model.js';
import { gemma2Weights } from './weights.js';

/** Gemma 2. */
export const gemma2: ModelFamily<Gemma2Config> = {
  name: 'gemma2',
  architectures: ['Gemma2ForCausalLM'],
  modelTypes: ['gemma2'],
  parseConfig: parseGemma2Config,
  build: (config, parts) => new Gemma2Model(config, parts),
  weights: gemma2Weights,
};
