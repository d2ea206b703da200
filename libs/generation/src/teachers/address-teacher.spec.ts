import type { WorkContext } from '@tunesmith/tensor';
import { ChatServer, questionOf, sendAnswer, type ChatBehaviour } from '../testing/chat-server.js';
import type { TeacherAddress } from './address-client.js';
import { openAddressTeacher } from './address-teacher.js';
import { retryAfter, retryDelay } from './retry-delay.js';
import type { Completion } from './teacher.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const sampling = { maxNewTokens: 20, temperature: 0.5, topP: 0.9 };
const questions = (...texts: string[]) => texts.map((user, index) => ({ user, seed: index + 1 }));
const address = (url: string, changes: Partial<TeacherAddress> = {}): TeacherAddress => ({ url, model: 'small', concurrency: 2, timeoutSeconds: 120, retries: 2, ...changes });

/** What a teacher at a server with this behaviour makes of questions. */
async function ask(behave: ChatBehaviour, texts: readonly string[], changes: Partial<TeacherAddress> = {}, options: Parameters<typeof openAddressTeacher>[1] = {}): Promise<{ answers?: string[]; error?: { code: string; message: string }; server: ChatServer; heard: Completion[] }> {
  await using server = await ChatServer.start(behave);
  const heard: Completion[] = [];
  try {
    await using teacher = openAddressTeacher(address(server.url, changes), { pace: 0.001, ...options });
    const answers = await teacher.complete(questions(...texts), sampling, context, (_index, completion) => heard.push(completion));
    return { answers: answers.map(({ text }) => text), server, heard };
  } catch (error) {
    return { error: error as { code: string; message: string }, server, heard };
  }
}

test('asks as the protocol says and counts what it took', async () => {
  await using server = await ChatServer.start((body) => `You asked ${questionOf(body)}`);
  await using teacher = openAddressTeacher(address(server.url, { keyVariable: 'SOME_API_KEY', prices: { promptPerMillion: 1, answerPerMillion: 4 } }), { environment: { SOME_API_KEY: 'secret' } });
  expect(teacher.name).toMatch(/^small at 127\.0\.0\.1:\d+$/);
  const [answer] = await teacher.complete([{ system: 'Be brief.', user: 'one', seed: 7 }], sampling, context);
  expect(answer).toEqual({ text: 'You asked one', finish: 'stop', promptTokens: 10, newTokens: 3, cost: (10 + 12) / 1e6 });
  expect(server.seen[0]!.headers.authorization).toBe('Bearer secret');
  expect(server.seen[0]!.body).toEqual({
    model: 'small', messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'one' }], max_tokens: 20, temperature: 0.5, top_p: 0.9, seed: 7, stream: false,
  });
});

test('answers come in the order of the questions, a few under way at a time', async () => {
  const last = Promise.withResolvers<void>();
  const { answers, server } = await ask(async (body) => {
    if (questionOf(body) === 'e') last.resolve();
    if (questionOf(body) === 'a') await last.promise;
    return questionOf(body).toUpperCase();
  }, ['a', 'b', 'c', 'd', 'e']);
  expect(answers).toEqual(['A', 'B', 'C', 'D', 'E']);
  expect(server.mostAtOnce).toBe(2);
});

test('requests keep the rate', async () => {
  const started = performance.now();
  const { answers } = await ask(() => 'yes', ['a', 'b', 'c', 'd'], { concurrency: 4, requestsPerMinute: 1200 });
  expect(answers).toHaveLength(4);
  expect(performance.now() - started).toBeGreaterThan(145); // three gaps of 50 ms; a busy machine only makes it longer
});

test('what passes is asked again: a busy server, one that breaks off, one that says nonsense', async () => {
  const { answers, server } = await ask((_body, response, request) => {
    if (request === 0) return void response.writeHead(429, { 'retry-after': '1' }).end('slow down');
    if (request === 1) return void response.writeHead(200).end('<html>');
    return 'at last';
  }, ['a']);
  expect(answers).toEqual(['at last']);
  expect(server.seen).toHaveLength(3);
  const broken = await ask((_body, response, request) => (request === 0 ? void response.destroy() : 'again'), ['a']);
  expect(broken.answers).toEqual(['again']);
});

test.each<[string, ChatBehaviour, string, RegExp, number]>([
  ['an HTTP error that stays', (_body, response) => void response.writeHead(401).end('{"error":"bad key"}'), 'teacher-refused', /answered 401: \{"error":"bad key"\}\. Is the key right\?/, 1],
  ['an account without money, though it is told as a rate limit', (_body, response) => void response.writeHead(429).end('{"error":{"code":"insufficient_quota"}}'), 'teacher-refused', /insufficient_quota/, 1],
  ['an HTTP error again and again', (_body, response) => void response.writeHead(503).end(), 'teacher-refused', /answered 503: nothing/, 3],
  ['a pause that is too long', (_body, response) => void response.writeHead(429, { 'retry-after': '86400' }).end('tomorrow'), 'teacher-refused', /answered 429: tomorrow/, 1],
  ['garbage', (_body, response) => void response.writeHead(200).end('<html>Welcome</html>'), 'teacher-garbage', /expected \{"choices".*got "<html>Welcome<\/html>"/, 3],
  ['no choice', (_body, response) => void response.writeHead(200).end('{"choices":[]}'), 'teacher-garbage', /got "\{"choices":\[\]\}"/, 3],
  ['an empty body', (_body, response) => void response.writeHead(200).end(), 'teacher-garbage', /got an empty body/, 3],
  ['a redirect', (_body, response) => void response.writeHead(307, { location: 'http://169.254.169.254/' }).end(), 'teacher-refused', /Redirects are not followed/, 1],
  ['an endless body', (_body, response) => void pour(response), 'teacher-answer-too-large', /at most 8 MiB/, 1],
])('%s is told', async (_what, behave, code, message, requests) => {
  const { error, server } = await ask(behave, ['a']);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(server.seen).toHaveLength(requests);
});

function pour(response: Parameters<ChatBehaviour>[1]): void {
  response.writeHead(200);
  const write = (): void => {
    if (!response.destroyed) response.write('x'.repeat(1 << 20), () => write());
  };
  write();
}

test('a teacher that never answers, or never ends, has its time', async () => {
  const never = await ask(() => undefined, ['a'], { timeoutSeconds: 0.05, retries: 1 });
  expect(never.error).toMatchObject({ code: 'teacher-timeout', message: expect.stringContaining('did not answer within 0.05 s') });
  const dribbles = await ask((_body, response) => void (response.writeHead(200), setInterval(() => response.write(' '), 10).unref()), ['a'], { timeoutSeconds: 0.1, retries: 0 });
  expect(dribbles.error).toMatchObject({ code: 'teacher-timeout' });
  // It is asked again, as often as a machine with much else to do needs to hear the answer in time.
  const later = await ask((_body, _response, request) => (request === 0 ? undefined : 'at last'), ['a'], { timeoutSeconds: 0.5, retries: 200 });
  expect(later.answers).toEqual(['at last']);
});

test('a server that is not there is told without waiting for long', async () => {
  const server = await ChatServer.start(() => '');
  await server[Symbol.asyncDispose]();
  await using teacher = openAddressTeacher(address(server.url, { retries: 1 }), { pace: 0.001 });
  await expect(teacher.complete(questions('a'), sampling, context)).rejects.toMatchObject({ code: 'teacher-unreachable', message: expect.stringMatching(/127\.0\.0\.1:\d+ could not be reached.*ECONNREFUSED/) });
});

test('an answer of nothing is an answer', async () => {
  const { answers } = await ask((_body, response) => void sendAnswer(response, ''), ['a']);
  expect(answers).toEqual(['']);
  const { answers: thinks } = await ask((_body, response) => void response.end('{"choices":[{"message":{"content":null,"reasoning":"hm"},"finish_reason":"stop"}]}'), ['a']);
  expect(thinks).toEqual(['']);
});

test('nothing is begun that the spending cap would not pay for, and what was paid for is heard of', async () => {
  // Each answer costs 10 + 2 tokens; 32 + 20 are set aside for one that is under way.
  const prices = { promptPerMillion: 1e6, answerPerMillion: 1e6 };
  const { error, heard, server } = await ask(() => 'two words', ['a', 'b', 'c', 'd', 'e', 'f'], { concurrency: 1, prices, spendingCap: 80 });
  expect(error).toMatchObject({ code: 'spending-cap-reached', message: expect.stringContaining('The spending cap of 80 leaves no room') });
  expect(heard.map(({ cost }) => cost)).toEqual([12, 12, 12]);
  expect(server.seen).toHaveLength(3);
  const later = await ask(() => 'two words', ['a'], { prices, spendingCap: 80 }, { spent: 36 });
  expect(later.server.seen).toHaveLength(0);
});

test('where one question fails for good no other is begun', async () => {
  const refused = Promise.withResolvers<void>();
  const { error, server } = await ask(async (body, response) => {
    if (questionOf(body) !== 'a') await refused.promise;
    else response.writeHead(400).end('no', refused.resolve);
    return questionOf(body) === 'a' ? undefined : 'yes';
  }, ['a', 'b', 'c', 'd', 'e', 'f']);
  expect(error).toMatchObject({ code: 'teacher-refused' });
  expect(server.seen.length).toBeLessThan(5);
});

test('an abort ends it at once', async () => {
  await using server = await ChatServer.start(() => undefined);
  await using teacher = openAddressTeacher(address(server.url));
  const aborting = new AbortController();
  const asked = teacher.complete(questions('a', 'b'), sampling, { ...context, signal: aborting.signal });
  setTimeout(() => aborting.abort(new Error('enough')), 20);
  await expect(asked).rejects.toThrow('enough');
});

test.each([
  ['ftp://example.com', {}, 'teacher-address-invalid'],
  ['https://me:pw@example.com/v1', {}, 'teacher-address-invalid'],
  ['example.com', {}, 'teacher-address-invalid'],
  ['https://example.com/v1', { keyVariable: 'SOME_API_KEY' }, 'teacher-key-missing'],
  ['https://example.com/v1', { spendingCap: 3 }, 'teacher-address-invalid'],
])('%s %j is refused before anything is asked', (url, changes, code) => {
  expect(() => openAddressTeacher(address(url, changes), { environment: {} })).toThrow(expect.objectContaining({ code }));
});

test('pauses double up to a minute, unless the server says how long', () => {
  const pauses = [0, 1, 2, 3, 9].map((attempt) => retryDelay(attempt, undefined, 1)!);
  for (const [index, most] of [1, 2, 4, 8, 60].entries()) expect(pauses[index]! > most / 2 && pauses[index]! <= most).toBe(true);
  expect(retryDelay(0, undefined, 2)).not.toBe(pauses[0]);
  expect(retryDelay(5, 12, 1)).toBe(12);
  expect(retryDelay(5, 301, 1)).toBeUndefined();
  expect(retryAfter('7')).toBe(7);
  expect(retryAfter('Wed, 21 Oct 2026 07:28:10 GMT', Date.parse('2026-10-21T07:28:00Z'))).toBe(10);
  expect([retryAfter(null), retryAfter('soon')]).toEqual([undefined, undefined]);
});
