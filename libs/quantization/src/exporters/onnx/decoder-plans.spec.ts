import { familyFor } from '@tunesmith/models';
import { decoderPlanOf } from './decoder-plans.js';

// A family leaves this list when its graph is written.
test.each(['qwen2', 'qwen3', 'mixtral', 'gemma2', 'gpt2', 'gpt_neo', 'gpt_neox', 'phi3'])('the family %s, which has no graph yet, is refused with those that have one', (name) => {
  const configJson = { model_type: name };
  expect(() => decoderPlanOf({ family: familyFor(configJson), configJson })).toThrow(
    expect.objectContaining({ code: 'family-without-graph', message: expect.stringMatching(new RegExp(`family ${name} has no ONNX graph yet.*llama, gemma3.*GGUF`)) }),
  );
});
