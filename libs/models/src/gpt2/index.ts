import type { ModelFamily } from '../model-family.js';
import { parseGpt2Config, type Gpt2Config } from './config.js';
import { Gpt2Model } from './model.js';
import { gpt2Weights } from './weights.js';

/** GPT-2 and Cerebras-GPT. */
export const gpt2: ModelFamily<Gpt2Config> = {
  name: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  modelTypes: ['gpt2'],
  parseConfig: parseGpt2Config,
  build: (config, parts) => new Gpt2Model(config, parts),
  learnedPositions: ({ n_positions }) => n_positions,
  weights: gpt2Weights,
};
