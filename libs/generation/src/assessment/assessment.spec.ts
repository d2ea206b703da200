import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import vm from 'node:vm';
import { DatasetWriter, ReportBuilder, type Row } from '@tunesmith/datasets';
import { setThreads, type WorkContext } from '@tunesmith/tensor';
import { temporaryFolder, writeSpeakingModel } from '@tunesmith/tests-support';
import { cohenKappa, fleissKappa } from './agreement.js';
import { assessGrades, parseGrades } from './assess-grades.js';
import { blindForm, type BlindForm } from './assessment-form.js';
import { assessmentPage } from './assessment-page.js';
import { gradesPlot } from './grades-plot.js';
import { makeAssessmentForm, type MakeAssessmentFormOptions } from './make-assessment-form.js';
import { readAssessment } from './read-assessment.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };

let folder: AsyncDisposable & { readonly path: string };
beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder('assessment');
});
afterAll(() => folder[Symbol.asyncDispose]());

async function datasetOf(name: string, rows: readonly Row[]): Promise<string> {
  await using writer = await DatasetWriter.create(join(folder.path, name));
  for (const row of rows) await writer.add(row);
  await writer.finish(new ReportBuilder().finish());
  return join(folder.path, name);
}

const row = (question: string, answer: string, prompt: string): Row => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: answer }], split: 'train', tags: [], origin: { source: 'lot', prompt } });
const options = (datasetFolder: string, changes: Partial<MakeAssessmentFormOptions> = {}): MakeAssessmentFormOptions => ({ models: [], datasetFolder, items: 2, maxNewTokens: 12, seed: 1, title: 'Which is best?', dtype: 'float32', ...changes });
const keyOf = async (place: string): Promise<BlindForm> => JSON.parse(await readFile(join(folder.path, place, 'key.json'), 'utf8')) as BlindForm;

describe('kappa', () => {
  test('of two raters: the textbook table of 20, 5, 10 and 15', () => {
    const pairs = [...Array<['y', 'y']>(20).fill(['y', 'y']), ...Array<['y', 'n']>(5).fill(['y', 'n']), ...Array<['n', 'y']>(10).fill(['n', 'y']), ...Array<['n', 'n']>(15).fill(['n', 'n'])];
    expect(cohenKappa(pairs)).toBeCloseTo(0.4, 12);
    expect([cohenKappa([]), cohenKappa([['A', 'A']])]).toEqual([undefined, undefined]);
  });

  test("of several: fourteen raters, ten items, five grades, Fleiss' own form of example", () => {
    const table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]];
    expect(fleissKappa(table)).toBeCloseTo(0.2099, 4);
    expect(fleissKappa([[1, 0]])).toBeUndefined();
    expect(() => fleissKappa([[1, 1], [2, 1]])).toThrow('as many raters');
  });
});

test('a form of models: all answer the same questions, nothing in the page tells whose an answer is', async () => {
  for (const [name, answer] of [['first', 'So. Warm'], ['second', 'Cold']] as const) await writeSpeakingModel(join(folder.path, name), answer);
  const dataset = await datasetOf('questions', ['One?', 'Two <b>?', 'Three?'].map((question) => row(question, 'x', 'y')));
  const models = ['first', 'second'].map((label) => ({ label: `model-${label}`, folder: join(folder.path, label) }));
  const made = await makeAssessmentForm(options(dataset, { models }), join(folder.path, 'form'), context);
  expect(made).toMatchObject({ items: 4, groups: ['model-first', 'model-second'] });
  const { form, groups } = await keyOf('form');
  for (const item of form.items) expect(item.response).toBe(groups[item.id] === 'model-first' ? 'So. Warm' : 'Cold');
  expect(form.items[0]!.instruction).toBe(form.items[1]!.instruction);
  const page = await readFile(join(folder.path, 'form/form.html'), 'utf8');
  expect(page).not.toMatch(/model-first|model-second|https?:|src=|<b>\?/);
  expect(page.match(/type="radio"/g)).toHaveLength(16);
  // The page's script is whole.
  expect(() => new vm.Script(/<script>([\s\S]*)<\/script>/.exec(page)![1]!)).not.toThrow();
  await makeAssessmentForm(options(dataset, { models }), join(folder.path, 'again'), context);
  expect(await keyOf('again')).toEqual(await keyOf('form'));
  await expect(makeAssessmentForm(options(dataset, { models: [models[0]!, models[0]!] }), join(folder.path, 'twice'), context)).rejects.toMatchObject({ code: 'labels-repeat' });
});

test('where a platform serves the page it hands the grades in, elsewhere it offers the file alone', async () => {
  const page = assessmentPage({ id: 'f', title: 'T', items: [{ id: 'one', instruction: 'i', response: 'r' }] });
  const open = (servedForm?: object): { elements: Record<string, FakeElement>; sent: unknown[]; click(name: string): Promise<void> } => {
    const sent: unknown[] = [];
    const elements: Record<string, FakeElement> = Object.fromEntries(['rater', 'count', 'hand-in', 'download', 'answer'].map((id) => [id, new FakeElement()]));
    elements['hand-in']!.hidden = true;
    const radio = Object.assign(new FakeElement(), { name: 'one', value: 'A' });
    const fetch = async (path: string, init: RequestInit): Promise<object> => {
      sent.push([path, init.method, (init.headers as Record<string, string>)['authorization'], JSON.parse(init.body as string)]);
      return { ok: sent.length < 2, json: async () => ({ graded: 1, detail: 'expected another name' }) };
    };
    vm.runInNewContext(/<script>([\s\S]*)<\/script>/.exec(page)![1]!, {
      servedForm, fetch, crypto, localStorage: { getItem: () => null, setItem: () => undefined },
      document: { getElementById: (id: string) => elements[id], querySelectorAll: (what: string) => (what === 'article' ? [] : [radio]) },
    });
    elements['one'] = radio;
    return { elements, sent, click: async (name) => void (await elements[name]!.listeners['click']!()) };
  };
  const served = open({ grades: '/platform/v1/assessments/sha256:x/grades', key: 'key' });
  expect(served.elements['hand-in']!.hidden).toBe(false);
  await served.click('hand-in');
  expect([served.sent, served.elements['answer']!.textContent]).toEqual([[], 'Expected your name; the field is empty.']);
  served.elements['rater']!.value = ' Ann ';
  await served.elements['rater']!.listeners['input']!();
  await served.elements['one']!.listeners['change']!();
  await served.click('hand-in');
  expect(served.sent).toEqual([['/platform/v1/assessments/sha256:x/grades', 'PUT', 'Bearer key', { form: 'f', rater: 'Ann', browser: expect.stringMatching(/^[0-9a-f]{32}$/), grades: { one: 'A' } }]]);
  expect(served.elements['answer']!.textContent).toContain('Handed in: 1 of 1');
  await served.click('hand-in');
  expect(served.elements['answer']!.textContent).toBe('expected another name');
  expect(open().elements['hand-in']!.hidden).toBe(true);
});

class FakeElement {
  hidden = false;
  disabled = false;
  checked = false;
  value = '';
  textContent = '';
  readonly listeners: Record<string, () => unknown> = {};
  addEventListener(name: string, listener: () => unknown): void {
    this.listeners[name] = listener;
  }
  focus(): void {}
}

test('a form of rows takes as many of each origin', async () => {
  const dataset = await datasetOf('rows', [...['a', 'b', 'c', 'd'].map((name) => row(`${name}?`, name, 'topic-guided')), ...['e', 'f', 'g'].map((name) => row(`${name}?`, name, 'example-guided'))]);
  await makeAssessmentForm(options(dataset), join(folder.path, 'own'), context);
  expect(Object.values((await keyOf('own')).groups).sort()).toEqual(['example-guided', 'example-guided', 'topic-guided', 'topic-guided']);
  await expect(makeAssessmentForm(options(await datasetOf('none', [])), join(folder.path, 'empty'), context)).rejects.toMatchObject({ code: 'nothing-to-assess' });
});

describe('what raters hand in', () => {
  const answers = ['p', 'q'].flatMap((instruction) => ['good', 'bad'].map((group) => ({ instruction, response: `${group} ${instruction}`, group })));
  const blind = blindForm(answers, 'T', 3);
  const idOf = (instruction: string, group: string): string => blind.form.items.find((item) => item.instruction === instruction && blind.groups[item.id] === group)!.id;
  const handIn = (rater: string, ...given: ['A' | 'B' | 'C' | 'D', string, string][]): string => JSON.stringify({ form: blind.form.id, rater, grades: Object.fromEntries(given.map(([grade, instruction, group]) => [idOf(instruction, group), grade])) });
  const ann = handIn('Ann', ['A', 'p', 'good'], ['B', 'q', 'good'], ['D', 'p', 'bad'], ['C', 'q', 'bad']);
  const bob = handIn('Bob', ['A', 'p', 'good'], ['A', 'q', 'good'], ['D', 'p', 'bad']);

  test('becomes counts by group, agreement and a picture', async () => {
    await mkdir(join(folder.path, 'grades'));
    await writeFile(join(folder.path, 'grades/ann.json'), ann);
    await writeFile(join(folder.path, 'grades/bob.json'), bob);
    await mkdir(join(folder.path, 'key'));
    await writeFile(join(folder.path, 'key/key.json'), JSON.stringify(blind));
    const report = await readAssessment(join(folder.path, 'key'), join(folder.path, 'grades'), join(folder.path, 'result'));
    expect(report).toEqual({
      form: blind.form.id, items: 4,
      raters: [{ rater: 'Ann', graded: 4, counts: { A: 1, B: 1, C: 1, D: 1 } }, { rater: 'Bob', graded: 3, counts: { A: 2, B: 0, C: 0, D: 1 } }],
      groups: [{ group: 'good', items: 2, counts: { A: 3, B: 1, C: 0, D: 0 } }, { group: 'bad', items: 2, counts: { A: 0, B: 0, C: 1, D: 2 } }],
      agreement: { cohen: [{ raters: ['Ann', 'Bob'], items: 3, agreed: 2, kappa: 0.5 }], fleiss: { items: 3, kappa: 0.4545 } },
    });
    expect(await readFile(join(folder.path, 'result/report.html'), 'utf8')).toContain('kappa of all raters over 3 answers that all graded: 0.4545');
    const svg = await readFile(join(folder.path, 'result/grades.svg'), 'utf8');
    expect(svg).not.toMatch(/NaN|Infinity/);
    const widths = [...svg.matchAll(/width="([\d.]+)" height="22"/g)].map(([, width]) => Number(width));
    expect(widths.reduce((sum, width) => sum + width, 0)).toBeCloseTo(2 * 436, 0); // two whole bars
    expect(gradesPlot({ groups: [] })).toContain('<svg');
  });

  test.each([
    ['not JSON', 'no', /Unexpected token|is not valid JSON/],
    ['another form', JSON.stringify({ form: 'x', rater: 'A', grades: { y: 'A' } }), /belongs to the form "x", not to .*the form has no item y/],
    ['no rater, no grades', JSON.stringify({ form: blind.form.id, rater: ' ', grades: {} }), /it has no rater; nothing is graded/],
    ['a grade that is none', JSON.stringify({ form: blind.form.id, rater: 'A', grades: { [blind.form.items[0]!.id]: 'E' } }), /expected A, B, C or D; got "E"/],
  ])('is refused where it is %s', (_what, text, message) => {
    expect(() => parseGrades(text, 'file.json', blind)).toThrow(expect.objectContaining({ code: 'grades-invalid', message: expect.stringMatching(message) }));
  });

  test('one file for each rater', () => {
    const parsed = parseGrades(ann, 'a.json', blind);
    expect(() => assessGrades(blind, [parsed, parsed])).toThrow('one file of each rater; Ann has several');
    expect(() => assessGrades(blind, [])).toThrow('at least one rater');
    expect(assessGrades(blind, [parsed]).agreement).toEqual({ cohen: [], fleiss: null });
  });
});
