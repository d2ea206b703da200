import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectRows, importDataset } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { ChatServer, questionOf, type ChatBehaviour } from '../testing/chat-server.js';
import { asksForInstructions, goodTeacher, itemsOf } from '../testing/instruction-teacher.js';
import type { TeacherSource } from '../teachers/open-teacher.js';
import { synthesizeInstructions } from './synthesize-instructions.js';
import { synthesizeResponses } from './synthesize-responses.js';
import type { SynthesizeInstructionsOptions } from './synthesis-options.js';
import type { SynthesisReport } from './synthesis-report.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const questions = ['Name a fruit that is red.', 'Why is the sky blue at noon?', 'Write a rhyme about rain.', 'Translate "good night" to French.', 'What is seven times eight?'];

let folder: AsyncDisposable & { readonly path: string };
let seedsFolder: string;
let places = 0;

beforeAll(async () => {
  folder = await temporaryFolder('synthesis');
  seedsFolder = await datasetOf(questions);
});
afterAll(() => folder[Symbol.asyncDispose]());

async function datasetOf(texts: readonly string[]): Promise<string> {
  const place = join(folder.path, `dataset-${(places += 1)}`);
  await writeFile(`${place}.jsonl`, texts.map((instruction) => `${JSON.stringify({ instruction, output: 'As it is.' })}\n`).join(''));
  await importDataset(`${place}.jsonl`, place, {}, context);
  return place;
}

const teacherAt = (url: string, changes: object = {}): TeacherSource => ({ kind: 'address', address: { url, model: 'm', concurrency: 2, timeoutSeconds: 120, retries: 0, ...changes } });

function optionsFor(url: string, changes: Partial<SynthesizeInstructionsOptions> = {}): SynthesizeInstructionsOptions {
  return {
    teacher: teacherAt(url), seedsFolder, rows: 8, mostRequests: 12, examples: 3, items: 3, longestSeed: 200, topicShare: 0, topicsPerRequest: 3, seed: 1, batch: 4, source: 'lot', validationShare: 0,
    instructions: { maxNewTokens: 100, temperature: 1, topP: 0.95 }, responses: { maxNewTokens: 50, temperature: 0, topP: 1 },
    filters: { instructionWords: { least: 3, most: 50 }, responseWords: { least: 1, most: 50 }, nearDuplicates: 0.9, refusals: true },
    journal: { folder: join(folder.path, `journal-${(places += 1)}`), writer: 'job.1' },
    ...changes,
  };
}

interface Outcome {
  readonly report?: SynthesisReport;
  readonly error?: { readonly code: string; readonly message: string };
  readonly out: string;
  readonly server: ChatServer;
}

/** What becomes of a synthesis whose teacher behaves so. */
async function synthesize(behave: ChatBehaviour, changes: Partial<SynthesizeInstructionsOptions> | ((url: string) => Partial<SynthesizeInstructionsOptions>) = {}): Promise<Outcome> {
  await using server = await ChatServer.start(behave);
  const out = join(folder.path, `out-${(places += 1)}`);
  await mkdir(out);
  try {
    const report = await synthesizeInstructions(optionsFor(server.url, typeof changes === 'function' ? changes(server.url) : changes), { dataset: out, report: join(out, 'report') }, context);
    return { report, out, server };
  } catch (error) {
    return { error: error as Outcome['error'] & object, out, server };
  }
}

const bytesOf = (out: string): Promise<string> => readFile(join(out, 'rows.jsonl'), 'utf8');
const droppedBy = (report: SynthesisReport | undefined): Record<string, number> => Object.fromEntries((report?.filters ?? []).filter(({ dropped }) => dropped > 0).map(({ stage, filter, dropped }) => [`${stage} ${filter}`, dropped]));

test('seeds guide the teacher to instructions, it answers them, and rows say where they come from', async () => {
  const { report, out, server } = await synthesize(goodTeacher);
  expect(report).toMatchObject({ kind: 'instructions', rows: 8, wanted: 8, stoppedBy: 'rows', instructions: { seeds: 5, topicGuided: 0, unclosed: 0 } });
  const rows = await collectRows(out);
  expect(rows).toHaveLength(8);
  const [first] = rows;
  const asked = server.seen.filter(({ body }) => asksForInstructions(body));
  const request = asked.find(({ body }) => body.seed === first!.origin!.samplingSeed)!.body;
  expect(itemsOf(request.seed)).toContain(first!.messages[0]!.content);
  expect(first).toMatchObject({
    tags: ['lot', 'example-guided'], split: 'train', origin: { source: 'lot', teacher: expect.stringMatching(/^m at 127/), prompt: 'example-guided' },
    messages: [{ role: 'user' }, { role: 'assistant', content: `In short: ${first!.messages[0]!.content.toLowerCase()}` }],
  });
  // The prompt: three different seeds in tags, then the rules.
  const shown = [...questionOf(request).matchAll(/^<example>(.+)<\/example>$/gm)].map(([, text]) => text!);
  expect(new Set(shown).size).toBe(3);
  expect(shown).toEqual(first!.origin!.seeds!.map((row) => questions[row - 1]));
  expect(questionOf(request).match(/^\d\. /gm)).toHaveLength(6);
  // Answers are asked for apart, with what the teacher is told first.
  const answer = server.seen.find(({ body }) => questionOf(body) === first!.messages[0]!.content)!.body;
  expect(answer.messages[0]).toMatchObject({ role: 'system', content: expect.stringContaining('few words') });
  expect(report!.usage.teacher.completions).toBe(server.seen.length);
  expect(JSON.parse(await readFile(join(out, 'report', 'report.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(report)));
});

test('the same request makes the same bytes, another seed others', async () => {
  await using server = await ChatServer.start(goodTeacher);
  const outs: string[] = [];
  for (const seed of [1, 1, 2]) {
    const out = join(folder.path, `out-${(places += 1)}`);
    await synthesizeInstructions(optionsFor(server.url, { seed }), { dataset: out, report: `${out}-report` }, context);
    outs.push(await bytesOf(out), await readFile(join(`${out}-report`, 'report.json'), 'utf8'));
  }
  expect(outs.slice(2, 4)).toEqual(outs.slice(0, 2));
  expect(outs[4]).not.toBe(outs[0]);
});

test('an attempt goes on where the last one was killed: nothing is asked twice, and the bytes are the same', async () => {
  let limit = Infinity;
  let answered = 0;
  await using server = await ChatServer.start((body, response, request) => ((answered += 1) > limit ? void response.destroy() : goodTeacher(body, response, request)));
  const run = async (journal: SynthesizeInstructionsOptions['journal']): Promise<string> => {
    const out = join(folder.path, `out-${(places += 1)}`);
    await synthesizeInstructions(optionsFor(server.url, { journal }), { dataset: out, report: `${out}-report` }, context);
    return bytesOf(out);
  };
  const whole = await run({ folder: join(folder.path, 'whole'), writer: 'w.1' });
  const needed = server.seen.length;
  for (const [attempt, stop] of [2, 7, 1].entries()) {
    [limit, answered] = [stop, 0];
    await expect(run({ folder: join(folder.path, 'cut'), writer: `w.${attempt}` })).rejects.toMatchObject({ code: 'teacher-unreachable' });
  }
  limit = Infinity;
  server.seen.length = 0;
  expect(await run({ folder: join(folder.path, 'cut'), writer: 'w.9' })).toBe(whole);
  expect(server.seen.length).toBe(needed - 10);
});

test('what is not worth learning is left out, each filter with its count', async () => {
  let request = 0;
  const items = [
    'Explain how wells are dug in dry places.', 'explain how WELLS are dug, in dry places!', 'Go.', 'Name a fruit that is red.', 'Sum it up for us.\nAnswer: nothing', 'Warum ist der Himmel am Abend nicht blau, sondern rot?', 'Explain how wells are dug in dry places today.',
    'Tell me of your day at work.', 'Who won the race of 1931?', 'Repeat: a rose is a rose.', 'List all that there is to list.', '2. Describe the taste of quince.', '<mask> Tell a story to a dog. </mask>',
  ];
  const answers: Record<string, string> = {
    'Tell me of your day at work.': 'As an AI language model, I have no day.', 'Who won the race of 1931?': '', 'Repeat: a rose is a rose.': 'Repeat a rose is a rose', 'List all that there is to list.': 'word '.repeat(80),
  };
  const { report, out } = await synthesize((body) => {
    if (!asksForInstructions(body)) return answers[questionOf(body)] ?? 'Well enough.';
    return (request += 1) === 1 ? items.map((item) => `<example>${item}</example>`).join('') + '<example>Half an item' : '';
  }, { rows: 50, mostRequests: 2, filters: { instructionWords: { least: 3, most: 50 }, responseWords: { least: 1, most: 50 }, languages: ['eng'], nearDuplicates: 0.7, refusals: true } });
  expect((await collectRows(out)).map(({ messages }) => messages[0]!.content)).toEqual(['Explain how wells are dug in dry places.', 'Describe the taste of quince.']);
  expect(report).toMatchObject({ rows: 2, wanted: 50, stoppedBy: 'requests', instructions: { requests: 2, items: 13, unclosed: 1, kept: 6 } });
  expect(droppedBy(report)).toEqual({
    'instruction format': 2, 'instruction length': 1, 'instruction language': 1, 'instruction exact-duplicate': 2, 'instruction near-duplicate': 1,
    'response format': 1, 'response length': 1, 'response refusal': 1, 'response echo': 1,
  });
});

test('a seed that is too long to be shown is not to be repeated either', async () => {
  const long = `Describe ${Array.from({ length: 30 }, (_, place) => `station${place}`).join(', ')}.`;
  const { report, server } = await synthesize((body, response, request) => (asksForInstructions(body) ? `<example>${long}</example><example>Name a bird that swims.</example>` : goodTeacher(body, response, request)), { seedsFolder: await datasetOf([...questions, long]), mostRequests: 1 });
  expect(server.seen.some(({ body }) => asksForInstructions(body) && questionOf(body).includes('station7'))).toBe(false);
  expect(report).toMatchObject({ rows: 1, instructions: { seeds: questions.length } });
  expect(droppedBy(report)).toMatchObject({ 'instruction exact-duplicate': 1 });
});

test('an answer that the limit cut off ends with its last sentence, or is left out', async () => {
  const { report, out } = await synthesize((body, response) => {
    if (asksForInstructions(body)) return '<example>Explain the tides.</example><example>Explain the winds of spring.</example>';
    const content = questionOf(body).includes('tides') ? 'The moon pulls. And the sun' : 'They are born where';
    response.end(JSON.stringify({ choices: [{ message: { content }, finish_reason: 'length' }] }));
    return undefined;
  }, { mostRequests: 1, filters: { instructionWords: { least: 2, most: 50 }, responseWords: { least: 1, most: 50 }, nearDuplicates: undefined, refusals: true } });
  expect((await collectRows(out)).map(({ messages }) => messages[1]!.content)).toEqual(['The moon pulls.']);
  expect(droppedBy(report)).toEqual({ 'response unfinished': 1 });
});

test('topics guide their share of the requests: from a file by size of category, or named by the teacher', async () => {
  const file = join(folder.path, 'topics.csv');
  await writeFile(file, 'title,subcategories,pages\nLaw,30,90\nModern dance,12,60\nBirds of prey,40,400\nChess,2,80\nOpera,20,9\nMusic theory,11,51\nMusic theory,11,51\n');
  const guided = await synthesize(goodTeacher, { topicShare: 0.5, topics: { file, filter: { mostWords: 2, leastSubcategories: 11, leastPages: 51 } } });
  expect(guided.report!.topics).toEqual({ read: 7, kept: 3, dropped: { words: 1, subcategories: 1, pages: 1, duplicate: 1 } });
  const { exampleGuided, topicGuided } = guided.report!.instructions!;
  expect(Math.abs(exampleGuided - topicGuided)).toBeLessThanOrEqual(1);
  const rows = await collectRows(guided.out);
  const row = rows.find(({ origin }) => origin!.prompt === 'topic-guided')!;
  expect([...row.origin!.topics!].sort()).toEqual(['Law', 'Modern dance', 'Music theory']);
  const prompts = guided.server.seen.filter(({ body }) => asksForInstructions(body)).map(({ body }) => questionOf(body));
  expect(prompts.filter((prompt) => prompt.includes('cover these topics: ') && prompt.includes('Modern dance'))).toHaveLength(topicGuided);

  const named = await synthesize((body, response, request) => (questionOf(body).startsWith('Name 50 topics') ? '1. Chess\n- Modern art\nToo many words here\nLaw.' : goodTeacher(body, response, request)), { topicShare: 1 });
  expect(named.report).toMatchObject({ topics: { kept: 3 }, instructions: { exampleGuided: 0 } });
  const none = await synthesize(goodTeacher, { topicShare: 1 });
  expect(none.error).toMatchObject({ code: 'teacher-names-no-topics' });
});

test('a judge leaves out what it grades low; one that grades all alike is found before anything is made', async () => {
  const grade = (question: string): string => (/yellow|four legs|will not|Blue|bees|tides/.test(question) ? 'C' : 'A.');
  const behave = (judge: (question: string) => string): ChatBehaviour => (body, response, request) => (questionOf(body).startsWith('Grade the answer') ? judge(questionOf(body)) : goodTeacher(body, response, request));
  const judged = (url: string) => ({ judge: { model: teacherAt(url), keep: ['A', 'B'] as const } });
  const { report, out } = await synthesize(behave(grade), (url) => ({ ...judged(url), rows: 20, mostRequests: 20 }));
  expect(report!.judge).toMatchObject({ calibration: { keptRight: 4, keptWrong: 0, of: 4 } });
  expect(droppedBy(report)['response judge']).toBeGreaterThan(0);
  expect(await bytesOf(out)).not.toMatch(/bees|tides/);

  const constant = await synthesize(behave(() => 'A'), judged);
  expect(constant.error).toMatchObject({ code: 'judge-says-one-label', message: expect.stringContaining('"A" of every answer') });
  expect(constant.server.seen.some(({ body }) => asksForInstructions(body))).toBe(false);
  const mute = await synthesize(behave(() => ''), judged);
  expect(mute.error).toMatchObject({ code: 'judge-says-one-label', message: expect.stringContaining('no grade at all') });
  const contrary = await synthesize(behave((question) => (grade(question) === 'C' ? 'B' : 'D')), judged);
  expect(contrary.error).toMatchObject({ code: 'judge-cannot-tell' });
});

test('where the spending cap is reached, the rows of whole rounds are kept', async () => {
  const prices = { promptPerMillion: 0, answerPerMillion: 1e6 };
  const { report } = await synthesize(goodTeacher, (url) => ({ rows: 500, mostRequests: 100, teacher: teacherAt(url, { prices, spendingCap: 600, concurrency: 1 }) }));
  expect(report!.stoppedBy).toBe('spending-cap');
  expect(report!.rows).toBeGreaterThan(0);
  expect(report!.usage.teacher.cost).toBeLessThanOrEqual(600);
  const { error } = await synthesize(goodTeacher, (url) => ({ teacher: teacherAt(url, { prices, spendingCap: 1 }) }));
  expect(error).toMatchObject({ code: 'nothing-synthesized', message: expect.stringMatching(/^Expected \d+ rows; after 0 requests for instructions none was left\. The spending cap left no room/) });
});

const halves = '<example>An item that never ends\n<example>And another';
test.each<[string, ChatBehaviour, string, RegExp]>([
  ['answers nothing', () => '', 'teacher-silent', /answered nothing to 8 requests/],
  ['writes garbage', () => 'ÿ%$ lorem', 'teacher-makes-no-items', /wrote no item between <example> and <\/example> in 8 requests\. It said: "ÿ%\$ lorem"/],
  ['writes half a tag', () => halves, 'teacher-makes-no-items', /16 that were not closed: allow it more tokens/],
  ['writes a tag that is none', () => '<exampl>Hello there, you.</exampl>', 'teacher-makes-no-items', /wrote no item/],
  ['answers an HTTP error', (_body, response) => void response.writeHead(500).end('broken inside'), 'teacher-refused', /answered 500: broken inside/],
  ['answers a page', (_body, response) => void response.writeHead(200).end('<html>'), 'teacher-garbage', /OpenAI-compatible/],
  ['answers instructions with nothing', (body, response, request) => (asksForInstructions(body) ? goodTeacher(body, response, request) : ''), 'nothing-synthesized', /response format: \d+/],
])('a teacher that %s is told', async (_what, behave, code, message) => {
  const { error } = await synthesize(behave);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a teacher that takes forever is told', async () => {
  const { error } = await synthesize(() => undefined, (url) => ({ teacher: teacherAt(url, { timeoutSeconds: 0.1 }) }));
  expect(error).toMatchObject({ code: 'teacher-timeout' });
});

test('seeds have to be enough: one row is not, nor are copies of it', async () => {
  const one = await synthesize(goodTeacher, { seedsFolder: await datasetOf(['Only this one?']), examples: 2 });
  expect(one.error).toMatchObject({ code: 'seeds-too-few', message: expect.stringContaining('at least 2 different seeds of at most 200 characters, because each request shows 2; got 1 of 1 row.') });
  const copies = await synthesize(goodTeacher, { seedsFolder: await datasetOf(['Same?', 'Same?', 'x'.repeat(201), 'Other?']) });
  expect(copies.error).toMatchObject({ code: 'seeds-too-few', message: expect.stringContaining('got 2 of 4 rows') });
  expect(one.server.seen).toHaveLength(0);
});

test('a file of topics that cannot be used is told by its line', async () => {
  const use = async (text: string) => {
    const file = join(folder.path, 'bad-topics');
    await writeFile(file, text);
    return (await synthesize(goodTeacher, { topicShare: 1, topics: { file, filter: { mostWords: 2, leastSubcategories: 11, leastPages: 51 } } })).error;
  };
  expect(await use('{"title":"Law"}\n{"name":"Chess"}\n')).toMatchObject({ code: 'topics-unreadable', message: expect.stringMatching(/bad-topics:2: .*\{"name":"Chess"\}/) });
  expect(await use('title,subcategories,pages\nLaw,many,3\n')).toMatchObject({ code: 'topics-unreadable', message: expect.stringContaining('bad-topics:2:') });
  expect(await use('A far too long title of a topic\n')).toMatchObject({ code: 'topics-none-left' });
});

test('a teacher answers the questions that a dataset has', async () => {
  await using server = await ChatServer.start((body) => (questionOf(body).includes('seven') ? 'I cannot help with that.' : 'Indeed.'));
  const out = join(folder.path, `out-${(places += 1)}`);
  const { seedsFolder: datasetFolder, ...options } = optionsFor(server.url);
  const report = await synthesizeResponses({ ...options, datasetFolder }, { dataset: out, report: `${out}-report` }, context);
  expect(report).toMatchObject({ kind: 'responses', rows: 4, wanted: 5 });
  expect(droppedBy(report)).toEqual({ 'response refusal': 1 });
  const [first] = await collectRows(out);
  expect(first).toMatchObject({ messages: [{ content: questions[0] }, { content: 'Indeed.' }], tags: ['lot'], origin: { source: 'lot', prompt: 'response', seeds: [1] } });
});
