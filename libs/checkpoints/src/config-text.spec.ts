import { configText } from './config-text.js';

test('whole numbers stay floats where transformers wants them', () => {
  const config = { vocab_size: 30, final_logit_softcapping: 30, attn_logit_softcapping: null, initializer_range: 0.02, rope_theta: 10_000, initializer_factor: 1, text_config: { router_jitter_noise: 0 } };
  const text = configText(config);
  expect(JSON.parse(text)).toEqual(config);
  expect(text.match(/"\w+": \S+\.0,?$/gm)).toEqual(['"final_logit_softcapping": 30.0,', '"initializer_factor": 1.0,', '"router_jitter_noise": 0.0']);
});
