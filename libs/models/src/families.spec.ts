import { families, familyFor, familyForGguf } from './families.js';

test('names, architectures and model types are each claimed once', () => {
  for (const list of [families.map(({ name }) => name), families.flatMap(({ architectures }) => architectures), families.flatMap(({ modelTypes }) => modelTypes)]) {
    expect(new Set(list).size).toBe(list.length);
  }
});

const ggufKeys = (values: Record<string, unknown>) => (key: string) => values[key];

test('architectures decide; model_type only where they are absent', () => {
  expect(familyFor({ architectures: ['MistralForCausalLM'], model_type: 'gemma3_text' }).name).toBe('llama');
  expect(familyFor({ model_type: 'gemma3_text' }).name).toBe('gemma3');
  expect(familyForGguf(ggufKeys({ 'general.architecture': 'gemma3' })).name).toBe('gemma3');
});

test.each([
  [{ architectures: ['LLaMAForCausalLM'], model_type: 'llama' }, 'llama'],
  [{ architectures: ['GPT2Model'], model_type: 'gpt2' }, 'gpt2'],
  [{ architectures: null, model_type: 'qwen3' }, 'qwen3'],
])('a name that nobody knows is of its type, as in transformers: %j', (json, name) => {
  expect(familyFor(json).name).toBe(name);
});

test.each([[{ architectures: ['FalconForCausalLM'], model_type: 'falcon' }, /got architectures \["FalconForCausalLM"\] of model_type "falcon"/], [{ architectures: ['FalconForCausalLM'] }, /got architectures \["FalconForCausalLM"\]/], [{ model_type: 'gpt9' }, /got model_type "gpt9"/], [{}, /got model_type undefined/], [null, /LlamaForCausalLM, MistralForCausalLM, Gemma3ForCausalLM, .*GPT2LMHeadModel/]])(
  'an unknown model is refused with the list of known ones: %j',
  (json, message) => {
    expect(() => familyFor(json)).toThrow(message);
  },
);

test('an unknown GGUF architecture is refused', () => {
  expect(() => familyForGguf(ggufKeys({ 'general.architecture': 'mamba' }))).toThrow(/expected general\.architecture to be one of llama, gemma3, .*got mamba/);
});

test('families that share a GGUF architecture are told apart by metadata', () => {
  const llamaFile = (experts: object) => familyForGguf(ggufKeys({ 'general.architecture': 'llama', ...experts })).name;
  expect(llamaFile({})).toBe('llama');
  expect(llamaFile({ 'llama.expert_count': 0 })).toBe('llama');
  expect(llamaFile({ 'llama.expert_count': 8 })).toBe('mixtral');
  const architectures = families.flatMap(({ weights: { gguf } }) => (gguf.serves ? [] : [gguf.architecture]));
  expect(new Set(architectures).size).toBe(architectures.length);
});
