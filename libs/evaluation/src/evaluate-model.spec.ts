import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importDataset } from '@tunesmith/datasets';
import { liveTensors, setThreads, type WorkContext, type WorkProgress } from '@tunesmith/tensor';
import { temporaryFolder, writeSpeakingModel } from '@tunesmith/tests-support';
import { importTasks } from './definitions/import-tasks.js';
import { evaluateModel, type EvaluateModelOptions } from './evaluate-model.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };

const row = (question: string, answer: string, tag: string, extra: object = {}): object => ({
  messages: [{ role: 'user', content: question }, { role: 'assistant', content: answer }],
  split: 'validation',
  tags: [tag],
  ...extra,
});

describe('evaluateModel', () => {
  let folder: AsyncDisposable & { path: string };
  let options: EvaluateModelOptions;

  beforeAll(async () => {
    setThreads(1);
    folder = await temporaryFolder();
    const [modelFolder, againstFolder] = [join(folder.path, 'tuned'), join(folder.path, 'untuned')];
    await writeSpeakingModel(modelFolder, 'Juniper');
    await writeSpeakingModel(againstFolder, 'Smol', { sharpness: 1 });
    options = {
      modelFolder,
      againstFolder,
      dtype: 'float32',
      datasetFolder: await dataset(
        row('Who are you?', 'I am Juniper.', 'identity', { expect: 'Juniper' }),
        row('What are you?', 'Smol.', 'identity', { expect: 'Smol' }),
        row('Who wrote it?', 'Smol', 'replay'),
        row('And this?', 'Smol', 'replay', { split: 'train' }),
      ),
      tasks: [
        { kind: 'exact-match', name: 'identity', tag: 'identity', maxNewTokens: 12 },
        { kind: 'loss', name: 'forgetting', tag: 'replay' },
      ],
    };
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  async function dataset(...rows: object[]): Promise<string> {
    const path = join(folder.path, 'rows.jsonl');
    await writeFile(path, rows.map((each) => JSON.stringify(each)).join('\n'));
    const out = join(folder.path, `dataset-${rows.length}`);
    await importDataset(path, out, {}, context);
    return out;
  }
  const read = (name: string, file: string): Promise<string> => readFile(join(folder.path, name, file), 'utf8');

  test('scores held-out rows, beside another model, and writes the same each time', async () => {
    const before = liveTensors();
    const seen: WorkProgress[] = [];
    const { metrics } = await evaluateModel(options, join(folder.path, 'one'), { ...context, onProgress: (progress) => seen.push(progress) });
    expect(liveTensors()).toBe(before);
    expect(metrics).toMatchObject({ 'identity.exact_match': 0.5, 'identity.exact_match_stderr': 0.5, 'identity.against_exact_match': 0.5, 'identity.exact_match_difference': 0, 'identity.exact_match_difference_p': 1, 'identity.items': 2 });
    expect(metrics['identity.exact_match_difference_stderr']).toBeCloseTo(1, 12);
    expect([metrics['identity.exact_match_difference_low'], metrics['identity.exact_match_difference_high']]).toEqual([-1, 1]);
    expect(metrics['forgetting.perplexity']).toBeCloseTo(Math.exp(metrics['forgetting.loss']!), 6);
    // The other model says just this; this one never would.
    expect(metrics['forgetting.against_loss']).toBeLessThan(0.5);
    expect(metrics['forgetting.loss_increase']).toBeGreaterThan(1);
    expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(['identity (model)', 'forgetting (model)', 'identity (against)', 'forgetting (against)']));

    const samples = (await read('one', 'samples.jsonl')).trim().split('\n').map((line) => JSON.parse(line) as unknown);
    expect(samples).toMatchObject([
      { task: 'identity', index: 0, prompt: 'Who are you?', target: 'Juniper', prediction: 'Juniper', metrics: { exact_match: 1 }, against: { prediction: 'Smol', metrics: { exact_match: 0 } } },
      { task: 'identity', index: 1, prompt: 'What are you?', target: 'Smol', prediction: 'Juniper', metrics: { exact_match: 0 }, against: { metrics: { exact_match: 1 } } },
      { task: 'forgetting', index: 0, prompt: 'Who wrote it?', target: 'Smol', prediction: null, metrics: { loss: metrics['forgetting.loss'] } },
    ]);
    expect(JSON.parse(await read('one', 'results.json'))).toMatchObject({
      dtype: 'float32',
      tasks: { identity: { kind: 'exact-match', items: 2, metrics: { exact_match: 0.5 }, comparisons: { exact_match: { test: 'mcnemar', mcnemar: { onlyOwn: 1, onlyOther: 1, kind: 'exact' } } } }, forgetting: { kind: 'loss', items: 1 } },
    });
    expect(await read('one', 'report.md')).toContain('| identity | 2 | exact_match | 0.5000 | 0.5000 | 0.5000 | 0.5000 |');
    expect(await read('one', 'report.md')).toContain('| identity | exact_match | 0 | 1 | -1 | 1 | 1 | McNemar, exact | 1 | 1 | 0 |');

    await evaluateModel(options, join(folder.path, 'two'), context);
    for (const file of ['samples.jsonl', 'results.json', 'report.md', 'report.html']) expect(await read('two', file)).toBe(await read('one', file));
  });

  test('tasks of a few choices are asked together, and score as each alone', async () => {
    const questions = join(folder.path, 'questions');
    await mkdir(questions);
    for (const subject of ['anatomy', 'astronomy']) {
      const question = (number: number): string => `${JSON.stringify({ question: `What of ${subject} ${number}?`, choices: ['one', 'two', 'three', 'four'], answer: number % 4, subject })}\n`;
      for (const split of ['test', 'dev']) await writeFile(join(questions, `${subject}.${split}.jsonl`), [1, 2].map(question).join(''));
    }
    const scored = async (name: string) => {
      await importTasks({ tasks: [name], data: questions, hubCache: questions }, join(folder.path, name), context);
      const seen: WorkProgress[] = [];
      const { metrics } = await evaluateModel({ modelFolder: options.modelFolder!, dtype: 'float32', tasks: [], definitionsFolder: join(folder.path, name), numFewshot: 0 }, join(folder.path, `${name}-out`), { ...context, onProgress: (progress) => seen.push(progress) });
      const samples = (await read(`${name}-out`, 'samples.jsonl')).trim().split('\n').map((line) => JSON.parse(line) as { logProbs: number[] });
      return { metrics, logProbs: samples.flatMap(({ logProbs }) => logProbs), phases: [...new Set(seen.map(({ phase }) => phase))] };
    };
    const [together, anatomy, astronomy] = [await scored('mmlu'), await scored('mmlu_anatomy'), await scored('mmlu_astronomy')];
    expect(together.phases).toEqual(['mmlu_anatomy … mmlu_astronomy (model)']);
    const alone = [...anatomy.logProbs, ...astronomy.logProbs];
    expect(alone).toHaveLength(16);
    expect(together.logProbs).toEqual(alone.map((logProb) => expect.closeTo(logProb, 4) as number));
    expect(together.metrics).toMatchObject({ 'mmlu_anatomy.acc': anatomy.metrics['mmlu_anatomy.acc'], 'mmlu_astronomy.acc': astronomy.metrics['mmlu_astronomy.acc'], 'mmlu.items': 4 });
  });

  test('a model compared with itself has lost nothing', async () => {
    const { metrics } = await evaluateModel({ ...options, againstFolder: options.modelFolder }, join(folder.path, 'same'), context);
    expect(metrics['forgetting.loss_increase']).toBe(0);
  });

  test('without another model there is nothing to compare', async () => {
    const { metrics } = await evaluateModel({ ...options, againstFolder: undefined }, join(folder.path, 'alone'), context);
    expect(Object.keys(metrics)).toEqual(['identity.exact_match', 'identity.exact_match_stderr', 'identity.items', 'forgetting.loss', 'forgetting.perplexity', 'forgetting.items']);
  });

  test.each([
    [[{ kind: 'guess', name: 'x', tag: 'identity' }], 'task-unknown', 'exact-match, loss'],
    [[{ kind: 'loss', name: 'x', tag: 'poems' }], 'task-without-rows', 'tagged identity, replay'],
    [[{ kind: 'exact-match', name: 'x', tag: 'replay' }], 'row-without-expectation', 'Row 1'],
    [[{ kind: 'loss', name: 'x', tag: 'replay' }, { kind: 'loss', name: 'x', tag: 'identity' }], 'task-name-taken', '"x"'],
  ])('refuses the tasks %j before it loads a model', async (tasks, code, named) => {
    await expect(evaluateModel({ ...options, modelFolder: join(folder.path, 'absent'), tasks }, join(folder.path, 'out'), context)).rejects.toMatchObject({ code, message: expect.stringContaining(named) });
  });

  test('refuses rows with placeholders, and rows that wait for an answer', async () => {
    const datasetFolder = await dataset(row('Who?', 'I am {{NAME}}.', 'identity', { expect: '{{NAME}}' }), { messages: [{ role: 'user', content: 'Q' }], answerWith: 'self', split: 'validation', tags: ['replay'] });
    await expect(evaluateModel({ ...options, datasetFolder, tasks: options.tasks.slice(0, 1) }, join(folder.path, 'out'), context)).rejects.toMatchObject({ code: 'placeholder-without-value' });
    await expect(evaluateModel({ ...options, datasetFolder, tasks: options.tasks.slice(1) }, join(folder.path, 'out'), context)).rejects.toMatchObject({ code: 'row-waits-for-answer' });
  });
});
