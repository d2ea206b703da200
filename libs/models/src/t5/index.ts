import type { ModelFamily } from '../model-family.js';
import { parseT5Config, type T5Config } from './config.js';
import { T5Model } from './model.js';
import { t5Weights } from './weights.js';

/** T5 1.0, T5 1.1, Flan-T5 and mT5: encoder and decoder. */
export const t5: ModelFamily<T5Config> = {
  name: 't5',
  architectures: ['T5ForConditionalGeneration', 'T5WithLMHeadModel', 'MT5ForConditionalGeneration'],
  modelTypes: ['t5', 'mt5'],
  parseConfig: parseT5Config,
  build: (config, parts) => new T5Model(config, parts),
  decoderStartTokenId: ({ decoder_start_token_id }) => decoder_start_token_id,
  weights: t5Weights,
};
