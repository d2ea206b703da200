import { families, familyFor, familyForGguf } from './families.js';

test('names, architectures and GGUF architectures are each claimed once', () => {
  for (const list of [families.map(({ name }) => name), families.flatMap(({ architectures }) => architectures), families.flatMap(({ modelTypes }) => modelTypes), families.map(({ weights }) => weights.gguf.architecture)]) {
    expect(new Set(list).size).toBe(list.length);
  }
});

test('architectures decide; model_type only where they are absent', () => {
  expect(familyFor({ architectures: ['MistralForCausalLM'], model_type: 'gemma3_text' }).name).toBe('llama');
  expect(familyFor({ model_type: 'gemma3_text' }).name).toBe('gemma3');
  expect(familyForGguf('gemma3').name).toBe('gemma3');
});

test.each([[{ architectures: ['FalconForCausalLM'] }, /got architectures \["FalconForCausalLM"\]/], [{ model_type: 'gpt9' }, /got model_type "gpt9"/], [{}, /got model_type undefined/], [null, /LlamaForCausalLM, MistralForCausalLM, Gemma3ForCausalLM/]])(
  'an unknown model is refused with the list of known ones: %j',
  (json, message) => {
    expect(() => familyFor(json)).toThrow(message);
  },
);

test('an unknown GGUF architecture is refused', () => {
  expect(() => familyForGguf('mamba')).toThrow(/expected general\.architecture to be one of llama, gemma3, .*got mamba/);
});
