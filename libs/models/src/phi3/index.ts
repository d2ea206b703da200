import type { ModelFamily } from '../model-family.js';
import { parsePhi3Config, type Phi3Config } from './config.js';
import { Phi3Model } from './model.js';
import { phi3Weights } from './weights.js';

/** Phi-3, Phi-3.5 and Phi-4. */
export const phi3: ModelFamily<Phi3Config> = {
  name: 'phi3',
  architectures: ['Phi3ForCausalLM'],
  modelTypes: ['phi3'],
  parseConfig: parsePhi3Config,
  build: (config, parts) => new Phi3Model(config, parts),
  weights: phi3Weights,
};
