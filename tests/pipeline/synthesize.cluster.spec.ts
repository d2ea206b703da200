import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@tunesmith/tests-support';
import type { DatasetView, RunView } from '@tunesmith/contracts';
import { ChatServer } from '../../libs/generation/src/testing/chat-server.js';
import { goodTeacher } from '../../libs/generation/src/testing/instruction-teacher.js';
import { Standalone } from './standalone.js';

// A teacher makes a dataset, asked by the built command: with a real server as the teacher, and with a tiny model that is no good at it.

let platform: Standalone;
let server: ChatServer;
/** The teacher breaks for good, where a test says so. */
let broken = false;

beforeAll(async () => {
  server = await ChatServer.start(async (body, response, request) => {
    if (broken) return void response.writeHead(500).end('out of order');
    await sleep(60);
    return goodTeacher(body, response, request);
  });
  platform = await Standalone.withTinyModel();
  const seeds = ['Name a fruit that is red.', 'Why is the sky blue at noon?', 'Write a rhyme about rain.', 'What is seven times eight?'];
  await platform.write('seeds.jsonl', seeds.map((instruction) => `${JSON.stringify({ instruction, instances: [{ input: '', output: 'As it is.' }] })}\n`).join(''));
  await platform.write('one.jsonl', `${JSON.stringify({ instruction: 'Only this?', output: 'Yes.' })}\n`);
  await platform.write('topics.txt', 'Law\nChess\nModern art\nA title that is too long\n');
});

afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const synthesize = (...more: string[]): string[] => ['dataset', 'synthesize', '--kind', 'instructions', '--seeds', platform.at('seeds.jsonl'), ...more];
const atServer = (): string[] => ['--teacher', server.url, '--teacher-model', 'small', '--items', '3', '--batch', '4', '--retries', '0'];

test('the platform killed in the middle goes on: nothing is asked twice but what was under way, and dataset and report are there', async () => {
  const { id } = await platform.run<RunView>(...synthesize(...atServer(), '--rows', '40', '--topics', platform.at('topics.txt'), '--name', 'distilled', '--detach'));
  await eventually('the teacher to be at work', () => server.seen.length >= 12, { every: 10 });
  await platform.kill();
  const run = await platform.succeeded(id);
  const asked = server.seen.map(({ body }) => JSON.stringify(body));
  // Four requests are under way at a time.
  expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(4);
  const step = run.steps.find(({ name }) => name === 'synthesize')!;
  expect(step.metrics).toMatchObject({ rows: 40, stoppedBy: 'rows', topics: { kept: 3 }, instructions: { seeds: 4 } });
  const dataset = await platform.run<DatasetView>('dataset', 'show', 'distilled');
  expect(JSON.stringify(dataset)).toContain(step.outputs['dataset']!.digest);

  // The same again costs nothing, and the files can be had.
  const before = server.seen.length;
  const out = platform.at('out');
  await platform.run(...synthesize(...atServer(), '--rows', '40', '--topics', platform.at('topics.txt'), '--out', out));
  expect(server.seen.length).toBe(before);
  expect((await readFile(join(out, 'dataset/rows.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(40);
  expect((await readdir(join(out, 'report'))).sort()).toEqual(['instruction-lengths.svg', 'report.html', 'report.json', 'response-lengths.svg', 'verbs-seeds.svg', 'verbs.svg']);
  expect(await readFile(join(out, 'report/report.html'), 'utf8')).toContain('40 of 40 rows by small at 127.0.0.1');
});

test('a teacher that breaks is told', async () => {
  const words = synthesize(...atServer(), '--rows', '12', '--seed', '7', '--concurrency', '1');
  broken = true;
  const { code, error } = await platform.failure(...words);
  expect([code, error.code]).toEqual([1, 'teacher-refused']);
  expect(error.message).toContain('answered 500: out of order');
  broken = false;
});

test.each<[string, string[], RegExp, string]>([
  ['a model that cannot do it', ['--teacher', 'tiny@prod', '--requests', '2', '--instruction-tokens', '6'], /wrote no item between <example> and <\/example>|answered nothing/, 'teacher-'],
  ['a file that is no GGUF', ['--teacher', 'broken.gguf'], /broken\.gguf/, 'gguf-'],
  ['seeds of one row', ['--teacher', 'tiny@prod', '--seeds', 'one.jsonl'], /at least 3 different seeds .*got 1 of 1 row/, 'seeds-too-few'],
])('%s is told', async (_what, more, message, code) => {
  await platform.write('broken.gguf', 'no such thing');
  const words = more.map((word) => (/\.(gguf|jsonl)$/.test(word) ? platform.at(word) : word));
  const { error } = await platform.failure(...synthesize(...words));
  expect(error.message).toMatch(message);
  expect(error.code.startsWith(code)).toBe(true);
});
