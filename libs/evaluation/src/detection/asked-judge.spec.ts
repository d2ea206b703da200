import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAddressTeacher, type TeacherAddress } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { ChatServer, type ChatBehaviour } from '../../../generation/src/testing/chat-server.js';
import { openAskedJudge } from './asked-judge.js';
import { detectDomains } from './detect-domains.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const labels = { law: ['law', 'court'], code: ['code', 'software'] };
const addressOf = ({ url }: ChatServer): TeacherAddress => ({ url, model: 'large', concurrency: 4, timeoutSeconds: 120, retries: 1 });

async function judging(behave: ChatBehaviour, texts: readonly string[]) {
  await using server = await ChatServer.start(behave);
  await using teacher = openAddressTeacher(addressOf(server), { pace: 0.01 });
  const judge = await openAskedJudge(teacher, labels, { textCharacters: 20, seed: 3 }, context);
  return { verdicts: await judge.judge(texts, context), seen: server.seen.map(({ body }) => body) };
}

/** Says what a text is about, as the released code's judge is meant to. */
const sensible: ChatBehaviour = ({ messages }) => (/court|statute/.test(messages.at(-1)!.content) ? ' Law\n' : messages.at(-1)!.content.includes('poem') ? 'poetry' : 'code');

test('a label counts as it stands in whatever case, anything else is discarded; a text is shown as far as the judge is to read', async () => {
  const { verdicts, seen } = await judging(sensible, ['a statute', 'a function', 'a poem', `${'x'.repeat(20)} statute`]);
  expect(verdicts).toEqual([[1, 0], [0, 1], null, [0, 1]]);
  expect(seen.at(-1)).toMatchObject({ model: 'large', temperature: 0.7, top_p: 0.8, max_tokens: 512 });
  expect(seen.at(-1)!.messages[0]!.content).toContain('law, code');
});

test.each<[string, ChatBehaviour, object]>([
  ['always says one label', () => 'code', { code: 'judge-constant', message: expect.stringContaining('all "code" to it') }],
  ['answers with garbage', () => 'As a language model, I', { code: 'judge-silent', message: expect.stringContaining('one of law, code') }],
  ['answers nothing', () => '', { code: 'judge-silent' }],
  ['answers with an error', (_body, response) => void response.writeHead(500).end('broken'), { message: expect.stringContaining('500') }],
])('a judge that %s is refused before it judges', async (_name, behave, expected) => {
  await expect(judging(behave, ['a statute'])).rejects.toMatchObject(expected);
});

test('detection by an asked judge counts labels, and what it gave none for', async () => {
  await using folder = await temporaryFolder('asked');
  const [modelFolder, checkFolder] = [join(folder.path, 'model'), join(folder.path, 'check')];
  await writeTinyModel(modelFolder, { hiddenSize: 32 });
  await mkdir(checkFolder);
  await writeFile(join(checkFolder, 'rows.jsonl'), [['law', 'a statute'], ['law', 'a poem'], ['code', 'a loop']].map(([tag, text]) => `${JSON.stringify({ text, tags: [tag], split: 'validation' })}\n`).join(''));
  let texts = 0;
  await using server = await ChatServer.start((body, response, request) => (/court|statute|loop|software|poem/.test(body.messages.at(-1)!.content) ? sensible(body, response, request) : ['law', 'code', 'hm', 'law'][texts++ % 4]));
  const detection = await detectDomains({
    modelFolder, domains: labels, judge: { kind: 'address', address: { ...addressOf(server), concurrency: 1 } }, aggregate: 'hard-label', rounds: 2, samples: 4, judgeTokens: 64, examplesOfDomain: 5, checkFolder,
    dtype: 'float32', start: 'bos', temperature: 1, topP: 1, repetitionPenalty: 1, maxNewTokens: 8, seed: 1,
  }, join(folder.path, 'out'), context);
  expect(detection).toMatchObject({ shares: { law: 2 / 3, code: 1 / 3 }, samples: 8, empty: 0, discarded: 2, judge: { kind: 'address', check: { texts: 3, discarded: 1, accuracy: 2 / 3, balancedAccuracy: 0.75 } } });
});
