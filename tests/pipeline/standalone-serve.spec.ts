import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ChatCompletion, Completion, OpenAiError, OpenAiModelList } from '@tunesmith/contracts';
import { eventually, repositoryRoot, writeSpeakingModel, writeTinyModel } from '@tunesmith/tests-support';
import { Standalone } from './standalone.js';

// The routes that clients of OpenAI know, on the embedded platform with a tiny model in each format.

const question = [{ role: 'user', content: 'Who are you?' }];
let platform: Standalone;
let url: string;
let token: string;

beforeAll(async () => {
  // Known before it starts, so that the platform can be told it as the key of an address: its own.
  token = 'the-token-of-this-spec';
  platform = await Standalone.prepare({ TUNESMITH_SERVE_REQUESTS: '2', TINY_API_KEY: token });
  await writeFile(join(platform.home, 'token'), token, { mode: 0o600 });
  await writeTinyModel(platform.at('tiny'));
  await platform.run('model', 'import', platform.at('tiny'), '--name', 'tiny', '--alias', 'prod');
  await platform.run('quantize', 'tiny@prod', '--to', 'gguf/q8_0,gguf/f32,onnx/fp32,hf/rtn-int8', '--out', platform.at('files'));
  // What packs weights as GPTQ does is a quantize of its own: its options are those of all its targets.
  await platform.run('quantize', 'tiny@prod', '--to', 'hf/rtn-int4', '--hf-format', 'gptq', '--group-size', '32');
  url = (JSON.parse(await readFile(join(platform.home, 'platform.json'), 'utf8')) as { url: string }).url;
});
afterAll(() => platform?.[Symbol.asyncDispose]());

function post(path: string, body: object, { base = `${url}/openai/v1`, key = token, signal }: { base?: string; key?: string; signal?: AbortSignal } = {}): Promise<Response> {
  return fetch(`${base}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body), ...(signal && { signal }) });
}

async function answerOf<Document>(path: string, body: object): Promise<Document> {
  const answer = await post(path, body);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Document;
}

async function refusal(path: string, body: object, key?: string): Promise<{ status: number; error: OpenAiError['error'] }> {
  const answer = await post(path, body, { ...(key !== undefined && { key }) });
  return { status: answer.status, ...((await answer.json()) as OpenAiError) };
}

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string; readonly tool_calls?: readonly object[] }; readonly finish_reason: string | null }[];
  readonly usage?: { readonly completion_tokens: number };
}

/** The chunks of a stream that ends as it has to. */
async function streamed(body: object, base?: string): Promise<{ text: string; finish: string; chunks: Chunk[] }> {
  const answer = await post('/chat/completions', { ...body, stream: true, stream_options: { include_usage: true } }, { ...(base !== undefined && { base }) });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const events = (await answer.text()).split('\n\n').filter((event) => event.startsWith('data: ')).map((event) => event.slice('data: '.length));
  expect(events.pop()).toBe('[DONE]');
  const chunks = events.map((event) => JSON.parse(event) as Chunk);
  const finish = chunks.flatMap(({ choices }) => choices.flatMap(({ finish_reason: reason }) => reason ?? [])).join();
  return { text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), finish, chunks };
}

const greedy = { messages: question, max_tokens: 6, temperature: 0 };

test.each(['tiny', 'tiny@prod#float32', 'tiny:1#gguf/q8_0', 'tiny#onnx/fp32', 'tiny@prod#hf/rtn-int8', 'tiny#hf/rtn-int4', 'tiny#hf/rtn-int8#float32'])('%s answers at once and piece by piece alike', async (model) => {
  const whole = await answerOf<ChatCompletion>('/chat/completions', { ...greedy, model });
  const { message, finish_reason: finish } = whole.choices[0]!;
  expect(whole).toMatchObject({ model, object: 'chat.completion', usage: { completion_tokens: expect.any(Number) } });
  const stream = await streamed({ ...greedy, model });
  expect([stream.text, stream.finish]).toEqual([message.content, finish]);
  expect(stream.chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
  const drawn = { ...greedy, model, temperature: 0.9, top_p: 0.9, seed: 7 };
  expect((await answerOf<ChatCompletion>('/chat/completions', drawn)).choices).toEqual((await answerOf<ChatCompletion>('/chat/completions', drawn)).choices);
});

test('the list has every name, alias, version and format', async () => {
  const answer = await fetch(`${url}/openai/v1/models`, { headers: { authorization: `Bearer ${token}` } });
  const ids = ((await answer.json()) as OpenAiModelList).data.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(['tiny', 'tiny@prod', 'tiny:1', 'tiny@prod#gguf/q8_0', 'tiny#onnx/fp32', 'tiny:1#hf/rtn-int4', 'tiny#hf/rtn-int8']));
});

test('a text is continued up to a stop, and an echoed one is scored', async () => {
  const scored = await answerOf<Completion>('/completions', { model: 'tiny#float32', prompt: 'the otter', max_tokens: 0, echo: true, logprobs: 1 });
  const { tokens, token_logprobs: logProbs, text_offset: offsets } = scored.choices[0]!.logprobs!;
  expect(tokens.join('')).toBe('the otter');
  expect(offsets).toEqual(tokens.map((_, place) => tokens.slice(0, place).join('').length));
  const { rows } = await platform.run<{ rows: [{ logProbs: (number | null)[] }] }>('score', 'tiny', '--input', await platform.write('text.jsonl', '{"text":"the otter"}'));
  logProbs.forEach((logProb, place) => expect(logProb ?? 0).toBeCloseTo(rows[0].logProbs[place] ?? 0, 4));
  const continued = await answerOf<Completion>('/completions', { model: 'tiny#float32', prompt: 'the', max_tokens: 8, temperature: 0 });
  const whole = continued.choices[0]!.text;
  const stop = [...whole][2]!;
  expect(await answerOf<Completion>('/completions', { model: 'tiny#float32', prompt: 'the', max_tokens: 8, temperature: 0, stop })).toMatchObject({ choices: [{ text: whole.slice(0, whole.indexOf(stop)), finish_reason: 'stop' }] });
});

test.each([
  ['an unknown model', { model: 'nothing' }, 404, 'model', 'model_not_found'],
  ['a format that was not made', { model: 'tiny#gguf/q4_0' }, 404, 'model', 'model_not_found'],
  ['a type of number behind a file that has its own', { model: 'tiny#gguf/q8_0#float32' }, 400, 'model', 'dtype_unfit'],
  ['an unknown parameter', { best_of_all: 1 }, 400, 'best_of_all', 'unsupported_parameter'],
  ['more than one answer', { n: 2 }, 400, 'n', 'invalid_value'],
  ['a temperature beyond 2', { temperature: 9 }, 400, 'temperature', 'invalid_value'],
  ['a conversation without turns', { messages: [] }, 400, 'messages', 'invalid_value'],
  ['a prompt that is too long', { messages: [{ role: 'user', content: 'x'.repeat(5000) }] }, 400, 'messages', 'context_length_exceeded'],
  ['an image', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }] }, 400, 'messages.0.content', 'invalid_value'],
  ['a role that nobody has', { messages: [{ role: 'function', content: 'x' }] }, 400, 'messages.0.role', 'invalid_value'],
  ['the options of a stream without one', { stream_options: { include_usage: true } }, 400, 'stream_options', 'invalid_value'],
  ['arguments that are held to a schema', { tools: [{ type: 'function', function: { name: 'f', strict: true } }] }, 400, 'tools.0.function.strict', 'invalid_value'],
  ['an answer that is kept', { store: true }, 400, 'store', 'invalid_value'],
])('%s is refused in the shape that clients know', async (_what, changes, status, param, code) => {
  expect(await refusal('/chat/completions', { ...greedy, model: 'tiny', ...changes })).toMatchObject({ status, error: { param, code, message: expect.any(String), type: expect.any(String) } });
});

test('a text that is too long or has no token is told as the prompt', async () => {
  for (const [prompt, code] of [['x'.repeat(5000), 'context_length_exceeded'], ['', 'prompt_empty']]) expect(await refusal('/completions', { model: 'tiny', prompt })).toMatchObject({ status: 400, error: { param: 'prompt', code } });
});

test('an answer may be handed back with every key that clients keep of it, and parameters that change nothing may be named', async () => {
  const kept = { role: 'assistant', content: 'An otter.', refusal: null, annotations: [], audio: null, function_call: null, tool_calls: null };
  const messages = [...question, kept, { role: 'user', content: 'Really?' }];
  const { choices } = await answerOf<ChatCompletion>('/chat/completions', { ...greedy, model: 'tiny', messages: [...question, { role: 'assistant', content: 'An otter.' }, messages[2]] });
  expect((await answerOf<ChatCompletion>('/chat/completions', { ...greedy, model: 'tiny', messages, store: false, metadata: null, service_tier: 'auto', modalities: ['text'] })).choices).toEqual(choices);
  await answerOf<Completion>('/completions', { model: 'tiny', prompt: 'the', max_tokens: 1, suffix: null });
});

test('one model is shown as the list has it', async () => {
  const show = async (path: string): Promise<unknown> => (await fetch(`${url}/openai/v1/models${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
  const { data } = (await show('')) as OpenAiModelList;
  expect(await show(`/${encodeURIComponent('tiny@prod#gguf/q8_0')}`)).toEqual(data.find(({ id }) => id === 'tiny@prod#gguf/q8_0'));
  expect(await show('/%zz')).toMatchObject({ error: { code: 'path_invalid', message: expect.stringContaining('well-formed') } });
  expect(await show(`/${encodeURIComponent('tiny#float32')}`)).toMatchObject({ id: 'tiny#float32', created: expect.closeTo(Date.now() / 1000, -4) });
});

test('without the token nobody is answered', async () => {
  expect(await refusal('/chat/completions', { ...greedy, model: 'tiny' }, 'another-token')).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } });
});

test('more requests than are taken are refused at once with a time to try again; a client that goes makes room', async () => {
  const endless = { model: 'tiny#float32', messages: question, temperature: 1, max_tokens: 1900, stream: true, stop: ['never said'] };
  const leaving = new AbortController();
  const busy: Response[] = [];
  // By these seeds it goes on for 600 tokens and more; in float32, because in bfloat16 each kind of processor rounds, and then draws, in its own way.
  for (const seed of [5, 6]) busy.push(await post('/chat/completions', { ...endless, seed }, { signal: leaving.signal }));
  const refused = await post('/chat/completions', { ...greedy, model: 'tiny#float32' });
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
  expect(await refused.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } });
  leaving.abort();
  const status = await eventually('room for one more', async () => {
    const answer = await post('/chat/completions', { ...greedy, model: 'tiny#float32' });
    return answer.status !== 429 && answer.status;
  });
  expect(status).toBe(200);
});

test('`serve` hands clients on below /v1 until Ctrl-C', async () => {
  const serving = platform.start('serve', 'tiny@prod', '--format', 'gguf/q8_0');
  const base = await eventually('the address that is served', () => /curl (http:\/\/127\.0\.0\.1:\d+\/v1)\/chat\/completions/.exec(serving.output())?.[1]);
  expect((await streamed({ ...greedy, model: 'tiny@prod#gguf/q8_0' }, base)).text).toBe((await streamed({ ...greedy, model: 'tiny#gguf/q8_0' })).text);
  expect((await post('/chat/completions', { ...greedy, model: 'tiny' }, { base, key: 'no-such-token' })).status).toBe(401);
  serving.child.kill('SIGINT');
  expect((await serving.ended).code).toBe(130);
});

test('tools are shown to the model, and what it calls of them comes as calls, at once and piece by piece', async () => {
  await writeSpeakingModel(platform.at('calling'), 'f(x=1)', { showsTools: true });
  await platform.run('model', 'import', platform.at('calling'), '--name', 'calling');
  const tools = [{ type: 'function', function: { name: 'f', description: 'Doubles a number.', parameters: { type: 'object', properties: { x: { type: 'number' } } } } }];
  const asked = { model: 'calling', messages: question, max_tokens: 20, temperature: 0, tools };
  const call = { id: expect.stringMatching(/^call_/), type: 'function', function: { name: 'f', arguments: '{"x":1}' } };
  const { choices: [answer] } = await answerOf<ChatCompletion>('/chat/completions', { ...asked, tool_choice: 'auto', parallel_tool_calls: true });
  expect(answer).toMatchObject({ message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' });
  const stream = await streamed(asked);
  expect([stream.text, stream.finish]).toEqual(['', 'tool_calls']);
  expect(stream.chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])).toEqual([{ index: 0, ...call }]);
  // The conversation goes on with what the function gave.
  const messages = [...question, { role: 'assistant', content: null, tool_calls: answer!.message.tool_calls }, { role: 'tool', tool_call_id: answer!.message.tool_calls![0]!.id, name: 'f', content: '2' }];
  expect((await answerOf<ChatCompletion>('/chat/completions', { ...asked, messages })).choices).toMatchObject([{ finish_reason: 'tool_calls' }]);
  expect((await answerOf<ChatCompletion>('/chat/completions', { ...asked, tool_choice: 'none' })).choices).toMatchObject([{ message: { content: 'f(x=1)' }, finish_reason: 'stop' }]);
  for (const choice of ['required', { type: 'function', function: { name: 'f' } }]) expect(await refusal('/chat/completions', { ...asked, tool_choice: choice })).toMatchObject({ status: 400, error: { param: 'tool_choice', message: expect.stringContaining('expected one of auto, none') } });
  expect(await refusal('/chat/completions', { ...asked, model: 'tiny' })).toMatchObject({ status: 400, error: { param: 'tools', code: 'tools_not_rendered' } });
});

test('an adapter answers beside its model, by a + and under its own name, as `chat` has it; beside a GGUF file too, beside no other', async () => {
  await platform.write('train.jsonl', [1, 2, 3].map((each) => `${JSON.stringify({ messages: [{ role: 'user', content: `${each}?` }, { role: 'assistant', content: 'The otter, of course.' }] })}\n`).join(''));
  const { artifact } = await platform.run<{ artifact: string }>('train', 'tiny:1', '--dataset', platform.at('train.jsonl'), '--rank', '4', '--steps', '6', '--lr', '0.05', '--batch', '3', '--out', platform.at('adapter'));
  await platform.run('model', 'import', platform.at('adapter'), '--name', 'tuned', '--alias', 'prod');
  const said = async (model: string): Promise<string> => (await answerOf<ChatCompletion>('/chat/completions', { ...greedy, model })).choices[0]!.message.content!;
  const { text } = await platform.run<{ text: string }>('chat', 'tiny', '--adapter', 'tuned', '--prompt', 'Who are you?', '--max-new-tokens', '6', '--dtype', 'float32');
  expect(text).not.toBe(await said('tiny#float32'));
  for (const model of ['tiny@prod+tuned@prod#float32', `tiny:1+${artifact}#float32`, 'tuned#float32']) expect(whole(await said(model))).toBe(whole(text));
  // llama.cpp keeps keys and values in float16, which six tokens of a greedy answer do not show.
  for (const model of ['tiny+tuned#gguf/f32', 'tuned#gguf/f32']) expect(whole(await said(model))).toBe(whole(text));
  for (const target of [['tiny', '--format', 'gguf/f32'], [platform.at('files/gguf/model-f32.gguf')]]) {
    for (const adapter of ['tuned', platform.at('adapter')]) expect(await platform.run('chat', ...target, '--adapter', adapter, '--prompt', 'Who are you?', '--max-new-tokens', '6')).toMatchObject({ text });
  }
  const names = (await tasks()).split(',').flatMap((path) => ['--tasks', path]);
  const [own, beside] = await Promise.all([['tiny', '--dtype', 'float32'], [platform.at('files/gguf/model-f32.gguf')]].map(async (target) => samplesOf(await platform.run<Evaluated>('evaluate', ...target, '--adapter', 'tuned', ...names))));
  beside!.forEach(({ logProbs }, sample) => logProbs.forEach((logProb, choice) => expect(Math.abs(logProb - own![sample]!.logProbs[choice]!)).toBeLessThan(2e-2)));
  // One adapter of one model is one file, however often and beside whatever it is asked.
  expect(await readdir(join(platform.home, 'adapters'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.gguf$/)]);
  for (const model of ['tiny+tuned#hf/rtn-int8', 'tuned#onnx/fp32']) expect(await refusal('/chat/completions', { ...greedy, model })).toMatchObject({ status: 400, error: { param: 'model', code: 'adapter_needs_weights', message: expect.stringContaining('tunesmith merge') } });
  for (const model of ['tiny+', 'tiny+tuned+tuned', 'tiny#float32+tuned']) expect(await refusal('/chat/completions', { ...greedy, model })).toMatchObject({ status: 404, error: { code: 'model_not_found' } });
  const serving = platform.start('serve', 'tiny@prod', '--adapter', platform.at('adapter'), '--format', 'float32');
  const name = await eventually('the name that is served', () => Promise.resolve(/(\S+) answers at/.exec(serving.output())?.[1]));
  expect(name).toBe(`tiny@prod+${artifact}#float32`);
  serving.child.kill('SIGINT');
  expect((await serving.ended).code).toBe(130);
});

/** Tasks of each kind that servers can be asked. */
async function tasks(): Promise<string> {
  const documents = [{ q: 'Where does an otter live?', a: 0, text: 'the otter lives in the river' }, { q: 'Größe 🦦 of an owl?', a: 1, text: 'an owl sat in a tree' }];
  await platform.write('rows.jsonl', documents.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await platform.write('choice.yaml', 'name: choice\ndata: rows.jsonl\nquestion: "{{q}}"\nchoices: [river, the tree]\nanswer: "{{a}}"\nmetrics: [acc, brier_score]\n');
  await platform.write('said.yaml', 'name: said\ndata: rows.jsonl\nquestion: "{{q}}"\nanswer: river\nmaxNewTokens: 4\n');
  return [platform.at('choice.yaml'), platform.at('said.yaml')].join();
}

interface Evaluated {
  readonly results: Record<string, Record<string, number>>;
  readonly samples: string;
}

async function samplesOf({ samples }: Evaluated): Promise<{ logProbs: number[]; prediction: unknown }[]> {
  return (await readFile(samples, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { logProbs: number[]; prediction: unknown });
}

/** A server leaves out the bytes behind the last whole character, which the limit of tokens has cut. */
const whole = (prediction: unknown): unknown => (typeof prediction === 'string' ? prediction.replace(/\u{fffd}+$/u, '') : prediction);

test('a format, a file, a folder and an address are evaluated by the same tasks to the same scores as the model', async () => {
  const names = (await tasks()).split(',').flatMap((path) => ['--tasks', path]);
  const evaluate = (...target: string[]): Promise<Evaluated> => platform.run<Evaluated>('evaluate', ...target, ...names);
  const own = await evaluate('tiny@prod', '--dtype', 'float32');
  const expected = await samplesOf(own);
  const { gguf, onnx } = { gguf: platform.at('files/gguf/model-f32.gguf'), onnx: platform.at('files/onnx') };
  const address = ['--address', `${url}/openai/v1`, '--model', 'tiny#float32', '--key-variable', 'TINY_API_KEY', '--address-concurrency', '2'];
  for (const target of [['tiny@prod', '--format', 'gguf/f32'], [gguf], [onnx], address]) {
    const other = await evaluate(...target);
    for (const [task, metrics] of Object.entries(own.results)) for (const [metric, value] of Object.entries(metrics)) expect(Math.abs(other.results[task]![metric]! - value)).toBeLessThan(1e-3);
    // llama.cpp keeps keys and values in float16.
    (await samplesOf(other)).forEach(({ logProbs, prediction }, place) => {
      expect(whole(prediction)).toEqual(whole(expected[place]!.prediction));
      if (typeof prediction === 'number') logProbs.forEach((logProb, choice) => expect(Math.abs(logProb - expected[place]!.logProbs[choice]!)).toBeLessThan(0.05));
    });
  }
});

/** A proxy before the platform's routes that counts what it hands on. */
async function countingProxy(): Promise<AsyncDisposable & { readonly url: string; asked(): number }> {
  let asked = 0;
  const server = createServer((incoming, answer) => void (async () => {
    asked += 1;
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const upstream = await fetch(`${url}/openai${incoming.url}`, { method: 'POST', headers: headers as Record<string, string>, body: await text(incoming) });
    answer.writeHead(upstream.status, { 'content-type': upstream.headers.get('content-type')! }).end(await upstream.text());
  })());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked: () => asked, [Symbol.asyncDispose]: async () => void (await new Promise((resolve) => server.close(resolve))) };
}

test('what an address has answered is not asked again, item by item, unless it is to be', async () => {
  await using proxy = await countingProxy();
  const names = (await tasks()).split(',').flatMap((path) => ['--tasks', path]);
  const evaluate = (...more: string[]): Promise<Evaluated> => platform.run<Evaluated>('evaluate', '--address', proxy.url, '--model', 'tiny#float32', '--key-variable', 'TINY_API_KEY', ...names, ...more);
  const first = await evaluate('--limit', '1');
  const one = proxy.asked();
  expect(one).toBeGreaterThan(0);
  const all = await evaluate();
  expect(proxy.asked()).toBe(2 * one);
  expect((await evaluate()).results).toEqual(all.results);
  expect(proxy.asked()).toBe(2 * one);
  expect((await evaluate('--limit', '1', '--fresh')).results).toEqual(first.results);
  expect(proxy.asked()).toBe(3 * one);
});

test('packed folders are evaluated and asked as themselves, by their names and by their paths', async () => {
  const names = (await tasks()).split(',').flatMap((path) => ['--tasks', path]);
  const [own, named, folder] = await Promise.all([['tiny'], ['tiny', '--format', 'hf/rtn-int8'], [platform.at('files/hf/rtn-int8')]].map(async (target) => samplesOf(await platform.run<Evaluated>('evaluate', ...target, ...names, '--dtype', 'float32'))));
  expect(folder).toEqual(named);
  const [expected, found] = [own, named].map((samples) => samples!.flatMap(({ prediction, logProbs }) => (typeof prediction === 'number' ? logProbs : [])));
  found!.forEach((logProb, place) => expect(Math.abs(logProb - expected![place]!)).toBeLessThan(0.5));
  expect(found).not.toEqual(expected);
});

test('the loss of a conversation at an address is that of the model, written by the template that is given', async () => {
  const rows = [['Where?', 'in the river 🦦'], ['Who?', 'an otter']].map(([asked, said], place) => ({ messages: [{ role: 'user', content: asked }, { role: 'assistant', content: said }], split: place === 0 ? 'validation' : 'train', tags: ['x'] }));
  await platform.write('conversations.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await platform.run('dataset', 'push', platform.at('conversations.jsonl'), '--name', 'conversations');
  const about = ['--dataset', 'conversations', '--task', 'l=loss:x'];
  const own = await samplesOf(await platform.run<Evaluated>('evaluate', 'tiny', '--dtype', 'float32', ...about));
  const address = ['--address', `${url}/openai/v1`, '--model', 'tiny#float32', '--key-variable', 'TINY_API_KEY', ...about];
  const other = await samplesOf(await platform.run<Evaluated>('evaluate', ...address, '--template', 'tiny@prod'));
  expect(other.map(({ logProbs }) => logProbs.length)).toEqual(own.map(({ logProbs }) => logProbs.length));
  other.forEach(({ logProbs }, row) => logProbs.forEach((logProb, place) => expect(Math.abs(logProb - own[row]!.logProbs[place]!)).toBeLessThan(1e-4)));
  expect((await platform.failure('evaluate', ...address)).error).toMatchObject({ code: 'request-not-answered', message: expect.stringContaining('--template') });
});

test('what a server cannot be asked is refused with the reason', async () => {
  await platform.write('rows.jsonl', `${JSON.stringify({ text: 'the otter' })}\n`);
  await platform.write('whole.yaml', 'name: whole\ndata: rows.jsonl\nanswer: "{{text}}"\n');
  const { error } = await platform.failure('evaluate', '--address', `${url}/openai/v1`, '--model', 'tiny#float32', '--key-variable', 'TINY_API_KEY', '--tasks', platform.at('whole.yaml'));
  expect(error).toMatchObject({ code: 'request-not-answered', message: expect.stringContaining('first token') });
});

test('`chat` asks every format', async () => {
  const chat = async (...target: string[]): Promise<string> => (await platform.run<{ text: string }>('chat', ...target, '--prompt', 'Who?', '--max-new-tokens', '5')).text;
  const said = await chat('tiny', '--dtype', 'float32');
  for (const target of [['tiny', '--format', 'gguf/f32'], [platform.at('files/gguf/model-f32.gguf')], ['tiny', '--format', 'onnx/fp32'], [platform.at('files/onnx')], ['tiny', '--format', 'hf/rtn-int8', '--dtype', 'float32'], [platform.at('files/hf'), '--format', 'hf/rtn-int8', '--dtype', 'float32'], ['tiny#hf/rtn-int8#float32']]) expect(await chat(...target)).toBe(said);
  const served = async (model: string): Promise<unknown> => (await answerOf<ChatCompletion>('/chat/completions', { ...greedy, model })).choices;
  expect(await served('tiny#hf/rtn-int8#float32')).toEqual(await served('tiny#float32'));
  expect((await platform.failure('chat', 'tiny', '--format', 'gguf/q2_k', '--prompt', 'Who?')).error.message).toContain('tunesmith quantize tiny --to gguf/q2_k');
});

test('an encoder-decoder is quantized, chatted with, served and evaluated in its formats as by its own weights', async () => {
  await platform.run('model', 'import', join(repositoryRoot, 'tests/parity/fixtures/encoder-decoder'), '--name', 't5');
  const { metrics } = await platform.run<{ metrics: { formats: { perplexity: number; perplexityRatio: { ratio: number }; klDivergence: number; answers: object[] }[] } }>('quantize', 't5', '--to', 'gguf/f32,onnx/fp32', '--out', platform.at('t5'));
  for (const { perplexity, perplexityRatio, klDivergence, answers } of metrics.formats) expect([perplexity > 1, Math.abs(perplexityRatio.ratio - 1) < 1e-4, Math.abs(klDivergence) < 1e-4, answers.length]).toEqual([true, true, true, 1]);
  const instruction = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Name the color of the sky.' }];
  const asked = { messages: instruction, max_tokens: 6, temperature: 0 };
  const own = await answerOf<ChatCompletion>('/chat/completions', { ...asked, model: 't5#float32' });
  const written = await answerOf<Completion>('/completions', { model: 't5#float32', prompt: 'the end', max_tokens: 6, temperature: 0 });
  for (const format of ['onnx/fp32', 'gguf/f32']) {
    expect(await answerOf<ChatCompletion>('/chat/completions', { ...asked, model: `t5#${format}` })).toMatchObject({ choices: own.choices, usage: own.usage });
    expect((await streamed({ ...asked, model: `t5#${format}` })).text).toBe(own.choices[0]!.message.content);
    expect((await answerOf<Completion>('/completions', { model: `t5#${format}`, prompt: 'the end', max_tokens: 6, temperature: 0 })).choices).toEqual(written.choices);
    expect(await platform.run('chat', 't5', '--format', format, '--prompt', 'the end', '--max-new-tokens', '6')).toMatchObject({ text: written.choices[0]!.text });
    expect(await refusal('/chat/completions', { ...asked, messages: [...instruction, { role: 'assistant', content: 'Blue.' }, { role: 'user', content: 'Why?' }], model: `t5#${format}` })).toMatchObject({ status: 400, error: { code: 'not_one_instruction' } });
  }
  const names = (await tasks()).split(',').flatMap((path) => ['--tasks', path]);
  const samplesBy = async (...target: string[]): Promise<{ logProbs: number[]; prediction: unknown }[]> => samplesOf(await platform.run<Evaluated>('evaluate', ...target, ...names));
  const expected = await samplesBy('t5', '--dtype', 'float32');
  for (const target of [['t5', '--format', 'onnx/fp32'], [platform.at('t5/onnx')], [platform.at('t5/gguf/model-f32.gguf')]]) {
    (await samplesBy(...target)).forEach(({ logProbs, prediction }, place) => {
      expect(prediction).toEqual(expected[place]!.prediction);
      logProbs.forEach((logProb, choice) => expect(Math.abs(logProb - expected[place]!.logProbs[choice]!)).toBeLessThan(1e-4));
    });
  }
});
