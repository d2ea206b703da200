import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefusedError } from '../errors.js';
import { readRecipe } from './read-recipe.js';

const helpdesk = `
name: retrain-helpdesk
on:
  dataset.registered: { dataset: helpdesk }
steps:
  train:    { uses: train,    with: { model: smollm2@prod, dataset: "\${{ event.dataset }}", method: { kind: lora, rank: 8 } } }
  merge:    { uses: merge,    needs: [train],    with: { base: smollm2@prod, adapter: "\${{ steps.train.adapter }}" } }
  gate:     { uses: gate,     needs: [merge],    with: { require: "qa.exact_match >= 0.8" } }
  promote:  { uses: promote,  needs: [gate],     with: { model: "\${{ steps.merge.model }}", alias: prod } }
`;

const problemsOf = (source: string): string => {
  try {
    readRecipe(source);
  } catch (error) {
    if (error instanceof RefusedError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('expected the recipe to be refused');
};

test('a recipe is read from YAML, and the same one from JSON', () => {
  const recipe = readRecipe(helpdesk);
  expect(Object.keys(recipe.steps)).toEqual(['train', 'merge', 'gate', 'promote']);
  expect(readRecipe(JSON.stringify(recipe))).toEqual(recipe);
});

test.each([
  ['text that is not YAML, with its place', 'name: [', /recipe-syntax: .*line 1, column/],
  ['a key that stands twice', 'name: a\nname: b\n', /recipe-syntax: .*line 2/],
  ['aliases that multiply', `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.split('').map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`).join('\n')}`, /recipe-syntax/],
  ['an unknown key', helpdesk.replace('name: retrain-helpdesk', 'name: x\nwhen: now'), /recipe-invalid: .*when/],
  ['an unknown step', helpdesk.replace('uses: train', 'uses: trane'), /steps\.train\.uses: expected one of .*got "trane": did you mean "train"\?/],
  ['a merge method that there is none of', helpdesk.replace('adapter: "${{ steps.train.adapter }}"', 'models: [other], method: slrep'), /step-invalid: merge\.method: expected a merge method among lora-fold, .*, widen; got "slrep": did you mean "slerp"\?$/],
  ['a task that there is none of', helpdesk.replace('steps:', 'steps:\n  tasks: { uses: import-tasks, with: { tasks: [mmlu, hellaswga] } }'), /step-invalid: tasks\.tasks\.1: expected the name of a task, group or tag, or a YAML file, among arc_challenge, .*; got "hellaswga": did you mean "hellaswag"\?$/],
  ['a target that there is none of', helpdesk.replace('steps:', 'steps:\n  files: { uses: quantize, with: { model: smollm2, to: [gguf/q4km] } }'), /step-invalid: files\.to\.0: expected one of gguf\/q8_0, .*; got "gguf\/q4km": did you mean "gguf\/q4_k_m"\?$/],
  ['a type of number beside a file', helpdesk.replace('steps:', 'steps:\n  say: { uses: chat, with: { gguf: "smollm2#gguf/q8_0", dtype: float32, messages: [{ role: user, content: Hello. }] } }'), /step-invalid: say\.dtype: expected none beside a GGUF file, an ONNX graph or an address: their runtimes compute as they do; got "float32"$/],
  ['an unknown key of a step', helpdesk.replace('alias: prod', 'allias: prod'), /unknown key "allias"; promote takes model, name, alias/],
  ['a cycle', helpdesk.replace('uses: train, ', 'uses: train, needs: [gate], '), /without a cycle; got .* -> /],
  ['an output of a step that is not needed', helpdesk.replace('needs: [train],', ''), /add it to needs/],
  ['the error of a step that must not fail', helpdesk.replace('alias: prod', 'alias: "${{ steps.merge.error }}"').replace('needs: [gate]', 'needs: [gate, merge]'), /merge must not fail, so there is no error to tell; give it mayFail: true/],
  ['an output of another kind', helpdesk.replace('adapter: "${{ steps.train.adapter }}"', 'adapter: "${{ steps.train.model }}"'), /expected an adapter; .* is a model/],
  ['a value out of range', helpdesk.replace('rank: 8', 'rank: 0'), /train\.method\.rank/],
  ['a gate that cannot be read', helpdesk.replace('>= 0.8', '=> 0.8'), /gate-syntax: gate\.require: .*character/],
  ['a recipe that starts itself', helpdesk.replace('steps:', 'steps:\n  again: { uses: import-dataset, with: { path: /x.jsonl, name: helpdesk } }'), /recipe-starts-itself/],
  ['an input that nobody declared', helpdesk.replace('rank: 8', 'rank: "${{ inputs.rank }}"'), /expected an input out of \(the recipe has none/],
  ['an input of the wrong kind', helpdesk.replace('on:', 'inputs: { rank: { default: many } }\non:').replace('rank: 8', 'rank: "${{ inputs.rank }}"'), /train\.method\.rank: .*expected a number/],
  ['a choice that does not fit', helpdesk.replace('on:', 'inputs: { size: { default: small, choices: { small: 4, full: many } } }\non:').replace('rank: 8', 'rank: "${{ inputs.size }}"'), /train\.method\.rank: .*expected a number/],
  ['an open input of a recipe that events start', helpdesk.replace('on:', 'inputs: { size: {} }\non:'), /inputs: expected a default for size, because an event/],
  ['a default outside the choices', helpdesk.replace('on:', 'inputs: { size: { default: x, choices: { small: 4 } } }\non:'), /inputs\.size\.default: expected one of the choices small; got "x"/],
  ['each of a step without a matrix', helpdesk.replace('needs: [train]', 'each: train'), /merge\.each: expected the name of a step with a matrix \(there is none\)/],
  ['a matrix value without a matrix', helpdesk.replace('rank: 8', 'rank: "${{ matrix.rank }}"'), /the step train has neither matrix nor each/],
  ['a reference that is none', helpdesk.replace('base: smollm2@prod', 'base: "smollm2 @prod"'), /merge\.base: expected a reference to a model/],
])('%s is refused', (_what, source, message) => {
  expect(problemsOf(source)).toMatch(message);
});

test('what an input has to be, where every run gives it, is known only then', () => {
  const open = 'name: any\ninputs: { way: {}, exam: {}, bar: {} }\nsteps:\n' +
    '  merge: { uses: merge, with: { base: a, models: [b], method: "${{ inputs.way }}" } }\n' +
    '  tasks: { uses: import-tasks, with: { tasks: ["${{ inputs.exam }}"] } }\n' +
    '  gate: { uses: gate, needs: [tasks], with: { require: "${{ inputs.bar }}" } }\n';
  expect(Object.keys(readRecipe(open).steps)).toEqual(['merge', 'tasks', 'gate']);
  expect(problemsOf(open.replace('way: {}', 'way: { default: slrep }'))).toContain('got "slrep"');
  expect(problemsOf(open.replace('models: [b]', 'models: [b], seed: "${{ inputs.way }}"'))).toContain('merge.seed: expected a number');
});

/** Of `tunesmith compare`: no recipe. */
const comparison = 'compare-methods.yaml';
const examples = join(import.meta.dirname, '../../../../examples');
test.each(readdirSync(examples).filter((name) => name.endsWith('.yaml') && name !== comparison))('the example %s is a recipe, with all its choices', (name) => {
  expect(Object.keys(readRecipe(readFileSync(join(examples, name), 'utf8')).steps)).not.toEqual([]);
});
