import { MergeConfiguration } from './merge-configuration.js';
import { readMergeConfiguration } from './read-merge-configuration.js';

const read = (document: object) => readMergeConfiguration({ merge_method: 'linear', models: [{ model: 'a' }], ...document });

test('models, adapters and inputs are named once, by where they stand', () => {
  const { configuration, models, adapters } = read({
    models: [{ model: 'a' }, { model: 'b+lora-1', parameters: { weight: 0.5 } }, { model: { model: { path: 'a' }, lora: 'lora-1' } }],
    base_model: 'a', dtype: 'torch.float16', out_dtype: 'bfloat16', chat_template: 'auto',
  });
  expect({ models, adapters }).toEqual({ models: ['a', 'b'], adapters: ['lora-1'] });
  expect(configuration).toEqual({
    inputs: [{ model: 0, name: 'a' }, { model: 1, adapter: 0, name: 'b+lora-1' }, { model: 0, adapter: 0, name: 'a+lora-1' }],
    method: 'linear', base: 0, parameters: {}, dtype: 'float16', outDtype: 'bfloat16', chatTemplate: 'auto',
    models: [{ input: 0, parameters: {} }, { input: 1, parameters: { weight: 0.5 } }, { input: 2, parameters: {} }],
  });
  expect(MergeConfiguration.parse(configuration)).toEqual(configuration);
});

test('a method may be written with dashes', () => {
  expect(read({ merge_method: 'dare-ties' }).configuration.method).toBe('dare-ties');
});

test('slices, their base and their parameters', () => {
  const { configuration } = read({ models: undefined, slices: [{ sources: [{ model: 'a', layer_range: [0, 4] }, { model: 'b', layer_range: [2, 6], parameters: { t: [0, 1] } }], base_model: 'b', parameters: { x: [{ filter: 'mlp', value: 1 }] } }] });
  expect(configuration.slices).toEqual([{ base: 1, parameters: { x: [{ filter: 'mlp', value: 1 }] }, sources: [{ input: 0, layerRange: [0, 4], parameters: {} }, { input: 1, layerRange: [2, 6], parameters: { t: [0, 1] } }] }]);
});

test('a module is the whole model, and its parameters come before those of the document', () => {
  const { configuration } = read({ models: undefined, modules: { default: { models: [{ model: 'a' }], parameters: { weight: { filter: 'mlp', value: 2 }, density: 0.5 } } }, parameters: { weight: 1, density: 0.1, normalize: true } });
  expect(configuration.parameters).toEqual({ weight: [{ filter: 'mlp', value: 2 }, { value: 1 }], density: [{ value: 0.5 }, { value: 0.1 }], normalize: true });
});

test('the tokenizer: its source, rules for tokens, padding', () => {
  const { configuration, models } = read({ tokenizer: { source: 'c', tokens: { x: { source: 'a', force: true }, y: { source: { kind: 'model_token', model: 'b', token_id: 7 } }, z: { source: { kind: 'zero' } } }, pad_to_multiple_of: 8 } });
  expect(models.toSorted()).toEqual(['a', 'b', 'c']);
  expect(configuration.tokenizer).toEqual({
    source: models.indexOf('c'), padToMultipleOf: 8,
    tokens: { x: { force: true, source: { kind: 'input', input: models.indexOf('a') } }, y: { force: false, source: { kind: 'token', input: models.indexOf('b'), tokenId: 7 } }, z: { force: false, source: { kind: 'zero' } } },
  });
  expect(read({ tokenizer_source: 'union' }).configuration.tokenizer).toEqual({ source: 'union', tokens: {} });
});

test.each([
  ['a key that nobody knows, with the nearest one', { merge_metod: 'x' }, /unknown key "merge_metod": did you mean "merge_method"\?/],
  ['one below', { models: [{ model: 'a', parmeters: {} }] }, /models\[0\]: unknown key "parmeters": did you mean "parameters"\?/],
  ['a key that mergekit reads and ignores', { models: undefined, slices: [{ sources: [{ model: 'a', layer_range: [0, 1] }], residual_weight: 1 }] }, /slices\[0\]: unknown key "residual_weight"\. Known are sources, base_model, parameters/],
  ['neither models nor slices', { models: undefined }, /expected exactly one of models, slices and modules; got none/],
  ['both', { slices: [{ sources: [{ model: 'a', layer_range: [0, 1] }] }] }, /got models and slices/],
  ['a method that is none, with the nearest one', { merge_method: 'dare-tie' }, /merge_method: expected a merge method among lora-fold, .*, widen; got "dare-tie": did you mean "dare_ties"\?/],
  ['a type that is none', { dtype: 'bf16' }, /dtype: expected float16, bfloat16, float32, float64; got "bf16"/],
  ['a model without its key', { models: ['a', { model: 'b' }] }, /models\[0\]: expected keys among model, parameters; got "a"/],
  ['models that are no list', { models: { model: 'a' } }, /models: expected a list; got \{"model":"a"\}/],
  ['no method', { merge_method: undefined }, /merge_method: expected a text; got nothing/],
  ['a parameter without a value', { parameters: { weight: null } }, /parameters.weight: expected a value, .*; got nothing/],
  ['an empty name', { base_model: '' }, /base_model: expected a text that is not empty; got ""/],
  ['a revision', { base_model: { model: { path: 'a', revision: 'main' } } }, /base_model.model: unknown key "revision": revisions of the hub are not looked up\. Fetch that one, and name its folder/],
  ['a mixture of experts', { merge_method: undefined, gate_mode: 'hidden', experts: [] }, /unknown key "gate_mode": a mixture of experts \(mergekit-moe\) is not made here/],
  ['what is an option here', { random_seed: 1 }, /unknown key "random_seed": give it as --seed on the command line/],
  ['a parameter beside its model', { models: [{ model: 'a', weight: 1 }] }, /models\[0\]: unknown key "weight": it belongs under parameters/],
  ['a parameter above its place', { t: 0.5 }, /unknown key "t": it belongs under parameters/],
  ['two tokenizers', { tokenizer_source: 'base', tokenizer: { source: 'union' } }, /expected tokenizer_source or tokenizer; got both/],
  ['a token rule without its token', { tokenizer: { tokens: { x: { source: { kind: 'model_token', model: 'a' } } } } }, /tokenizer.tokens.x.source: expected a model and one of token and token_id/],
  ['a reference with two adapters', { models: [{ model: 'a+b+c' }] }, /expected MODEL or MODEL\+ADAPTER; got "a\+b\+c"/],
  ['a layer range that is no pair', { models: undefined, slices: [{ sources: [{ model: 'a', layer_range: [0] }] }] }, /slices\[0\].sources\[0\].layer_range: expected \[first, end\]: two whole numbers; got \[0\]/],
  ['a layer before the first', { models: undefined, slices: [{ sources: [{ model: 'a', layer_range: [-1, 2] }] }] }, /slices\[0\].sources\[0\].layer_range\[0\]: expected at least 0; got -1/],
  ['a parameter that is no setting', { parameters: { weight: { values: 1 } } }, /parameters.weight: expected a value, a list of values/],
])('refuses %s', (_name, document, message) => {
  expect(() => read(document)).toThrow(message);
});
