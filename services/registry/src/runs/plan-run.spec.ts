import { mediaTypes, RecipeStep, type ArtifactKind } from '@tunesmith/contracts';
import { NotFoundError } from '../errors.js';
import { planRun, type Surroundings } from './plan-run.js';

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;
const artifact = (digit: string, kind: ArtifactKind) => ({ digest: digestOf(digit), size: 1, mediaType: mediaTypes[kind] });

/** What a registry with one model, one dataset and one file would answer. */
const surroundings: Surroundings = {
  async artifactOf(reference, expected) {
    if (reference.kind === 'digest') return { ...artifact('0', expected), digest: reference.digest };
    if (reference.name === 'smollm2') return artifact(reference.alias === 'prod' ? '1' : '2', 'model');
    if (reference.name === 'helpdesk') return artifact('3', 'dataset');
    throw new NotFoundError({ code: 'model-unknown', message: `expected a registered ${expected}; got ${reference.name}` });
  },
  async modelOf(reference) {
    const isAdapter = reference.kind === 'digest' ? reference.digest === digestOf('8') : reference.name === 'tuned';
    return isAdapter ? { model: artifact('2', 'model'), adapter: artifact('8', 'adapter') } : { model: await surroundings.artifactOf(reference, 'model') };
  },
  async locate(path) {
    if (path.includes('missing')) throw new NotFoundError({ code: 'path-missing', message: `expected a file at ${path}` });
    return { config: { path }, contentDigest: digestOf('4') };
  },
  async expectReadable(path) {
    if (path.includes('missing')) throw new NotFoundError({ code: 'path-unreadable', message: `expected a file at ${path}` });
  },
  async storeRows(rows) {
    return { ...artifact('6', 'upload'), size: rows.length };
  },
};

const step = (uses: string, config: Record<string, unknown>, needs: string[] = []) => RecipeStep.parse({ uses, needs, with: config });

test('names are pinned to digests, expressions stay for later', async () => {
  const { steps, problems } = await planRun({
    train: step('train', { model: 'smollm2@prod', dataset: '${{ event.dataset }}' }),
    merge: step('merge', { base: 'smollm2', adapter: '${{ steps.train.adapter }}', models: ['smollm2:1', digestOf('5')] }, ['train']),
  }, { dataset: 'helpdesk' }, surroundings);
  expect(problems).toEqual([]);
  expect(steps.map(({ config }) => config)).toEqual([
    { model: digestOf('1'), dataset: digestOf('3') },
    { base: digestOf('2'), adapter: '${{ steps.train.adapter }}', models: [digestOf('2'), digestOf('5')] },
  ]);
});

test('an adapter where a model is expected is its base with the adapter beside it, unless an adapter is named', async () => {
  const tasks = [{ kind: 'loss', name: 'loss', tag: 'x' }];
  const { steps, problems } = await planRun({
    named: step('evaluate', { model: 'tuned', dataset: 'helpdesk', tasks }),
    digest: step('train', { model: digestOf('8'), dataset: 'helpdesk' }),
    beside: step('score', { model: 'smollm2@prod', adapter: digestOf('8'), rows: [{ text: 'x' }] }),
    file: step('chat', { model: 'smollm2', adapter: '/adapters/x', messages: [{ role: 'user', content: 'Hello.' }] }),
  }, {}, surroundings);
  expect(problems).toEqual([]);
  const [imported, ...planned] = steps;
  expect(planned.map(({ config: { model, adapter } }) => [model, adapter])).toEqual([[digestOf('2'), digestOf('8')], [digestOf('2'), digestOf('8')], [digestOf('1'), digestOf('8')], [digestOf('2'), '${{ steps.import-model.adapter }}']]);
  expect(imported).toMatchObject({ uses: 'import-model', config: { path: '/adapters/x' } });
  // What folds an adapter, or has no place for one, is given models.
  const refused = await planRun({ merge: step('merge', { base: 'tuned', adapter: digestOf('8') }) }, {}, surroundings);
  expect(refused.problems).toEqual([expect.objectContaining({ step: 'merge', key: 'base' })]);
});

test('what has no name of its own is told to be given by its digest', async () => {
  const { problems } = await planRun({
    compose: step('compose', { dataset: 'helpdesk', weights: 'detected', detection: 'smollm2', rows: 5 }),
    compare: step('compare', { evaluations: [digestOf('5'), 'smollm2'], labels: ['a', 'b'] }),
  }, {}, surroundings);
  expect(problems.map(({ step: name, key, code, message }) => `${name} ${key} ${code}: ${message}`)).toEqual([
    expect.stringMatching(/^compose detection reference-unnamed: expected the digest \(sha256:…\) of a report as detection of compose, .*got the name "smollm2"$/),
    expect.stringMatching(/^compare evaluations reference-unnamed: expected the digest \(sha256:…\) of an evaluation as evaluations of compare/),
  ]);
});

test('what a model was quantized to is never taken for its weights: the step says where it can go', async () => {
  const tasks = [{ kind: 'loss', name: 'loss', tag: 'x' }];
  const messages = [{ role: 'user', content: 'Hello.' }];
  const { problems } = await planRun({
    train: step('train', { model: 'smollm2#gguf/q8_0', dataset: 'helpdesk' }),
    score: step('score', { model: `${digestOf('5')}#gguf/q8_0`, rows: [{ text: 'x' }] }),
    merge: step('merge', { base: 'smollm2', models: ['smollm2#onnx/int4'] }),
    evaluate: step('evaluate', { model: 'smollm2#gguf/q8_0', dataset: 'helpdesk', tasks }),
    against: step('evaluate', { model: 'smollm2', against: 'smollm2#gguf/q8_0', dataset: 'helpdesk', tasks }),
    chat: step('chat', { model: 'smollm2@prod#onnx/int4', messages }),
  }, {}, surroundings);
  expect(problems.map(({ step: name, key, code }) => `${name} ${key} ${code}`)).toEqual([
    'train model format-unfit', 'score model format-unfit', 'merge models format-unfit', 'evaluate model format-unfit', 'against against format-unfit', 'chat model format-unfit',
  ]);
  expect(problems[0]!.message).toBe('expected a model with its own weights as model of train; got #gguf/q8_0, a file that a model was quantized to; train cannot use it: leave out #gguf/q8_0');
  expect(problems[3]!.message).toContain('give it as gguf in the place of model, or leave out #gguf/q8_0');
  expect(problems[4]!.message).toContain('leave out #gguf/q8_0');
  expect(problems[5]!.message).toContain('give it as onnx in the place of model');
  const { problems: none, steps } = await planRun({ chat: step('chat', { gguf: 'smollm2#gguf/q8_0', messages }), files: step('chat', { files: `${digestOf('5')}#gguf/q8_0`, messages }) }, {}, surroundings);
  expect([none, steps.length]).toEqual([[], 2]);
});

test('a path becomes one import step, however often it is used', async () => {
  const { steps, problems } = await planRun({
    'import-model': step('evaluate', { model: '/models/x', dataset: '/data/rows.jsonl', tasks: [{ kind: 'loss', name: 'loss', tag: 'x' }] }),
    chat: step('chat', { model: '/models/x', messages: [{ role: 'user', content: 'Hello.' }] }),
  }, {}, surroundings);
  expect(problems).toEqual([]);
  expect(steps.map(({ name, uses, needs }) => [name, uses, needs])).toEqual([
    ['import-model-2', 'import-model', []],
    ['import-dataset', 'import-dataset', []],
    ['import-model', 'evaluate', ['import-model-2', 'import-dataset']],
    ['chat', 'chat', ['import-model-2']],
  ]);
  expect(steps[0]!.config).toEqual({ path: '/models/x' });
  expect(steps[0]!.contentDigest).toBe(digestOf('4'));
  expect(steps[2]!.config['model']).toBe('${{ steps.import-model-2.model }}');
});

test('promote takes the only model that the steps name', async () => {
  const promote = step('promote', { model: '${{ steps.merge.model }}' }, ['merge']);
  const one = await planRun({ merge: step('merge', { base: 'smollm2@prod', models: ['smollm2:1'] }), promote }, {}, surroundings);
  expect(one.problems).toEqual([]);
  expect(one.steps[1]!.config['name']).toBe('smollm2');
  const none = await planRun({ merge: step('merge', { base: digestOf('1') }), promote }, {}, surroundings);
  expect(none.problems).toMatchObject([{ step: 'promote', key: 'name', code: 'promote-name-missing' }]);
});

test('many rows to score travel as an artifact', async () => {
  const few = await planRun({ score: step('score', { model: 'smollm2', rows: [{ text: 'x' }] }) }, {}, surroundings);
  expect(few.steps[0]!.config['rows']).toEqual([{ text: 'x' }]);
  const rows = Array.from({ length: 1000 }, () => ({ text: 'x'.repeat(300) }));
  const many = await planRun({ score: step('score', { model: 'smollm2', rows }) }, {}, surroundings);
  expect(many.problems).toEqual([]);
  expect(many.steps[0]!.config).toEqual({ model: digestOf('2'), input: { ...artifact('6', 'upload'), size: 1000 } });
});

test('every problem is told, each with its step', async () => {
  const { problems } = await planRun({
    a: step('train', { model: 'unknown', dataset: '/missing.jsonl' }),
    b: step('train', { model: 'smollm2', dataset: 'helpdesk', batch: 0, method: { kind: 'lorra' } }),
    c: step('chat', { model: 'not a reference', messages: [] }),
    d: step('gate', { require: 'x >' }, ['a']),
    e: step('gate', { require: 'x > 1' }),
    f: step('train', { model: 'smollm2', dataset: '${{ event.dataset }}' }),
    g: step('import-dataset', { path: 'hf:x', upload: {} }),
    h: step('score', { model: 5, rows: ['x'] }),
    i: step('score', { model: 'smollm2', input: digestOf('1') }),
  }, { other: 'x' }, surroundings);
  expect(problems.map(({ step: name, key, code }) => `${name} ${key} ${code}`).sort()).toEqual([
    'a dataset path-missing', 'a model model-unknown', 'b batch step-invalid', 'b method.kind step-invalid', 'c model reference-invalid',
    'd require gate-syntax', 'e undefined gate-without-needs', 'f undefined event-value-missing', 'g upload key-reserved', 'h model reference-invalid',
    'i input key-reserved',
  ]);
});

test('tasks are read anew each time, and what they name on this machine has to be there', async () => {
  const evaluate = step('evaluate', { model: 'smollm2', definitions: '/tasks/qa.yaml' });
  const { steps, problems } = await planRun({ evaluate, named: step('import-tasks', { tasks: ['mmlu'], data: '/data/mmlu' }) }, {}, surroundings);
  expect(problems).toEqual([]);
  expect(steps[0]).toEqual({ name: 'import-tasks', uses: 'import-tasks', needs: [], config: { path: '/tasks/qa.yaml' }, contentDigest: null, mayFail: false });
  expect(steps[1]).toMatchObject({ needs: ['import-tasks'], config: { definitions: '${{ steps.import-tasks.tasks }}' } });
  expect(steps[2]).toMatchObject({ contentDigest: null, config: { tasks: ['mmlu'], data: '/data/mmlu' } });
  const wrong = await planRun({ named: step('import-tasks', { tasks: ['/missing/qa.yaml'], data: '/missing' }) }, {}, surroundings);
  expect(wrong.problems.map(({ key }) => key)).toEqual(['tasks', 'data']);
});
