import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import vm from 'node:vm';
import type { ArtifactRef, AssessmentView, HandedInGrades } from '@tunesmith/contracts';
import { ArtifactStore } from '@tunesmith/platform';
import { temporaryFolder } from '@tunesmith/tests-support';
import { TinyPlatform } from '../testing/tiny-platform.js';
import { raterPage } from './rater-page.js';

const formId = '0123456789abcdef';
const [one, two] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'];

let platform: TinyPlatform;
let form: ArtifactRef;
let other: ArtifactRef;
let view: AssessmentView;
let key: string;
beforeAll(async () => {
  platform = await TinyPlatform.start();
  form = await storeForm('Which is best?');
  other = await storeForm('Another');
  view = await platform.request('GET', `/v1/assessments/${form.digest}`);
  key = view.page.split('#')[1]!;
});
afterAll(() => platform?.[Symbol.asyncDispose]());

async function storeForm(title: string): Promise<ArtifactRef> {
  await using folder = await temporaryFolder('form');
  await writeFile(join(folder.path, 'form.html'), `<h1>${title}</h1>`);
  await writeFile(join(folder.path, 'key.json'), JSON.stringify({ form: { id: formId, title, items: [one, two].map((id) => ({ id, instruction: 'i', response: 'r' })) }, groups: { [one]: 'secret-model', [two]: 'b' } }));
  return await platform.registry.get(ArtifactStore).store(folder.path, 'report');
}

async function ask(method: string, path: string, bearer: string, body?: object): Promise<{ readonly status: number; readonly text: string; readonly type: string }> {
  const answer = await fetch(platform.url + path, { method, headers: { authorization: `Bearer ${bearer}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') ?? '' };
}

const gradesPath = () => `/v1/assessments/${form.digest}/grades`;
const handIn = (rater: string, browser: string, grades: Record<string, string>, by = key) => ask('PUT', gradesPath(), by, { form: formId, rater, browser, grades });

test('the owner sees the address; it opens without a token, and its key reads the form and not whose the answers are', async () => {
  expect(view).toMatchObject({ title: 'Which is best?', items: 2, page: `/assess/${form.digest}#${key}` });
  const page = await fetch(platform.url + view.page);
  expect([page.status, page.headers.get('content-type'), page.headers.get('content-security-policy')]).toEqual([200, 'text/html; charset=utf-8', expect.stringContaining("default-src 'none'")]);
  const read = await ask('GET', `/v1/assessments/${form.digest}/form`, key);
  expect(read).toEqual({ status: 200, text: '<h1>Which is best?</h1>', type: 'text/html; charset=utf-8' });
});

test('the key of a form is good for that form alone, and for nothing that its owner does', async () => {
  const refused = await Promise.all([
    ask('GET', `/v1/assessments/${other.digest}/form`, key), ask('GET', `/v1/assessments/${form.digest}`, key), ask('GET', gradesPath(), key), ask('GET', '/v1/runs', key),
    ask('GET', `/v1/artifacts/${form.digest}/files/key.json`, key), ask('GET', `/v1/assessments/${form.digest}/form`, 'another-key-of-some-length'), handIn('Eve', 'browser-e', { [one]: 'A' }, 'another-key-of-some-length'),
  ]);
  expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 401));
});

test('grades are kept by rater; the same browser may change them, another one needs another name', async () => {
  expect(await handIn('Ann', 'browser-1', { [one]: 'A' })).toMatchObject({ status: 200, text: expect.stringContaining('"graded":1') });
  expect(await handIn(' Ann ', 'browser-1', { [one]: 'B', [two]: 'D' })).toMatchObject({ status: 200, text: expect.stringContaining('"graded":2') });
  expect(await handIn('Ann', 'browser-2', { [one]: 'C' })).toMatchObject({ status: 409, text: expect.stringContaining('Ann has handed in from another browser; take another name') });
  await handIn('Bob', 'browser-2', { [one]: 'C' });
  expect(await platform.request<HandedInGrades[]>('GET', gradesPath())).toEqual([{ form: formId, rater: 'Ann', grades: { [one]: 'B', [two]: 'D' } }, { form: formId, rater: 'Bob', grades: { [one]: 'C' } }]);
  expect((await platform.request<AssessmentView>('GET', `/v1/assessments/${form.digest}`)).raters).toMatchObject([{ rater: 'Ann', graded: 2 }, { rater: 'Bob', graded: 1 }]);
});

test.each([
  ['items that the form does not have', { form: formId, rater: 'C', browser: 'browser-c', grades: { cccccccccccc: 'A' } }, 409, 'items that it does not have: cccccccccccc'],
  ['those of another form', { form: '0'.repeat(16), rater: 'C', browser: 'browser-c', grades: { [one]: 'A' } }, 409, `those of ${'0'.repeat(16)}`],
  ['no grade', { form: formId, rater: 'C', browser: 'browser-c', grades: {} }, 409, 'at least one grade'],
  ['a grade that is none', { form: formId, rater: 'C', browser: 'browser-c', grades: { [one]: 'E' } }, 400, 'body.grades'],
  ['no name', { form: formId, rater: ' ', browser: 'browser-c', grades: { [one]: 'A' } }, 400, 'the name of the rater'],
])('%s are refused', async (_what, body, status, said) => {
  expect(await ask('PUT', gradesPath(), key, body)).toMatchObject({ status, text: expect.stringContaining(said) });
});

test('a form is read from the store once, however often it is asked for', async () => {
  const store = platform.registry.get(ArtifactStore);
  const staged = vi.spyOn(store, 'stage');
  const { digest } = await storeForm('Asked often');
  const own = (await platform.request<AssessmentView>('GET', `/v1/assessments/${digest}`)).page.split('#')[1]!;
  for (let time = 0; time < 3; time += 1) expect((await ask('GET', `/v1/assessments/${digest}/form`, own)).text).toBe('<h1>Asked often</h1>');
  expect(staged).toHaveBeenCalledTimes(1);
  staged.mockRestore();
});

test('what is no form is told so', async () => {
  const { digest } = await platform.registerModel('some');
  for (const path of [digest, `sha256:${'0'.repeat(64)}`, 'sha256:00000000']) await expect(platform.request('GET', `/v1/assessments/${path}`)).rejects.toThrow(/404 .*form-unknown.*/);
});

test('the page fetches the form with the key from behind the #, and becomes it; without one it says what is missing', async () => {
  const open = async (hash: string): Promise<{ readonly note: string; readonly written: string; readonly servedForm?: object }> => {
    let written = '';
    const note = { textContent: '' };
    const document = { getElementById: () => note, open: () => undefined, write: (text: string) => void (written = text), close: () => undefined };
    const location = { hash, pathname: `/assess/${form.digest}` };
    const window = { document, location, fetch: (path: string, init: RequestInit) => fetch(platform.url + path, init) };
    await (vm.runInNewContext(/<script>([\s\S]*)<\/script>/.exec(raterPage)![1]!.replace('(async', 'globalThis.done = (async').concat('\ndone'), window) as Promise<void>);
    return { note: note.textContent, written, ...('servedForm' in window && { servedForm: window.servedForm as object }) };
  };
  expect(await open(`#${key}`)).toEqual({ note: '', written: '<h1>Which is best?</h1>', servedForm: { grades: gradesPath(), key } });
  expect((await open('')).note).toContain('Expected the whole address');
  expect((await open('#wrong')).note).toContain('not valid');
});

test('a new platform on the same home has the same keys', async () => {
  expect((await readFile(join(platform.home, 'token'), 'utf8')).trim()).not.toContain(key);
  await platform.stop('registry');
  await platform.startRegistry();
  expect((await platform.request<AssessmentView>('GET', `/v1/assessments/${form.digest}`)).page).toBe(view.page);
});
