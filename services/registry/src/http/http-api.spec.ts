import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { api, newId, OpenAiError, Problem, RunView, type ArtifactManifest, type DatasetRow, type Endpoint, type FinishedSpan, type UploadView } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { RunWatchers } from '../runs/run-watchers.js';
import { TinyPlatform } from '../testing/tiny-platform.js';

let platform: TinyPlatform;
let token: string;
beforeAll(async () => {
  platform = await TinyPlatform.start();
  token = (await readFile(join(platform.home, 'token'), 'utf8')).trim();
});
afterAll(() => platform?.[Symbol.asyncDispose]());
afterEach(() => platform.work.clear());

const samples: Record<string, string> = { id: newId(), runId: newId(), name: 'some', alias: 'prod', digest: `sha256:${'0'.repeat(64)}`, path: 'a/b' };
const pathOf = ({ path }: Endpoint) => path.replace(/\{(\w+)\*?\}/g, (_whole, name: string) => encodeURI(samples[name]!));
const routes = Object.values<Endpoint>(api).map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const);

async function send(method: string, path: string, options: { authorization?: string | null; body?: string | Uint8Array<ArrayBuffer>; type?: string } = {}): Promise<Response> {
  const { authorization = `Bearer ${token}`, body, type } = options;
  return fetch(platform.url + path, { method, headers: { ...(authorization === null ? {} : { authorization }), ...(type ? { 'content-type': type } : {}) }, ...(body === undefined ? {} : { body }) });
}

async function problemOf(answer: Response): Promise<Problem> {
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  return Problem.parse(await answer.json());
}

test.each(routes)('%s asks for the token unless it is declared public', async (_name, endpoint) => {
  for (const authorization of [null, 'Bearer wrong-token-of-some-length', `Basic ${token}`]) {
    // An invalid body must not be looked at before the token is.
    const answer = await send(endpoint.method, pathOf(endpoint), { authorization, ...(endpoint.method === 'GET' ? {} : { body: '{', type: 'application/json' }) });
    if (endpoint.access === 'public') {
      expect(answer.status).toBe(200);
      continue;
    }
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    if ('errorShape' in endpoint) expect(OpenAiError.parse(await answer.json()).error).toMatchObject({ type: 'authentication_error', code: 'invalid_api_key' });
    else expect((await problemOf(answer)).code).toBe(authorization?.startsWith('Bearer') ? 'token-wrong' : 'token-missing');
  }
});

test.each(routes)('%s answers other methods with 405 and what it allows', async (_name, endpoint) => {
  const allowed = routes.filter(([, other]) => pathOf(other) === pathOf(endpoint)).map(([, { method }]) => method as string);
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((each) => !allowed.includes(each))) {
    const answer = await send(method, pathOf(endpoint));
    expect([method, answer.status]).toEqual([method, 405]);
    expect(answer.headers.get('allow')).toBe([...new Set(allowed)].sort().join(', '));
  }
});

test.each([
  ['GET', '/nowhere', 404, 'route-unknown'],
  ['GET', '/v1/runs/', 404, 'route-unknown'],
  ['GET', '/v1/runs/not-an-id', 400, 'request-invalid'],
  ['GET', `/v1/runs/${newId()}`, 404, 'run-unknown'],
  ['GET', `/v1/runs/${newId()}/events`, 404, 'run-unknown'],
  ['GET', `/v1/traces/${newId()}`, 404, 'run-unknown'],
  ['GET', '/v1/runs?limit=0', 400, 'request-invalid'],
  ['GET', '/v1/runs?limit=1&limit=2', 400, 'request-invalid'],
  ['GET', '/v1/runs?nothing=1', 400, 'request-invalid'],
  ['GET', '/v1/models/nobody', 404, 'model-unknown'],
  ['GET', '/v1/models/%00', 400, 'request-invalid'],
  ['GET', '/v1/models/%F0%9F%98%80', 400, 'request-invalid'],
  ['GET', '/v1/models/%ZZ', 400, 'path-invalid'],
  ['GET', `/v1/models/${'x'.repeat(5000)}`, 414, 'path-invalid'],
  ['GET', '/v1/models/constructor', 404, 'model-unknown'],
  ['GET', '/v1/datasets/nobody/rows', 404, 'dataset-unknown'],
  ['GET', `/v1/artifacts/sha256:${'0'.repeat(64)}`, 404, 'artifact-unknown'],
  ['GET', `/v1/artifacts/sha256:${'0'.repeat(64)}/files/x`, 404, 'artifact-unknown'],
  ['GET', '/v1/artifacts/sha256:0', 400, 'request-invalid'],
  ['GET', '/v1/artifacts/sha256:00000000', 404, 'artifact-unknown'],
  ['GET', `/assess/sha256:00000000`, 400, 'request-invalid'],
  ['GET', `/v1/lineage/sha256:${'0'.repeat(64)}`, 404, 'artifact-unknown'],
  ['GET', '/v1/recipes/nobody', 404, 'recipe-unknown'],
] as const)('%s %s gives %i %s', async (method, path, status, code) => {
  const answer = await send(method, path);
  expect(answer.status).toBe(status);
  expect(await problemOf(answer)).toMatchObject({ status, code });
});

test.each([
  ['no JSON', '{', 'application/json', 400, 'request-invalid'],
  ['nothing', '', 'application/json', 400, 'request-invalid'],
  ['a prototype', '{"__proto__": {}}', 'application/json', 400, 'request-invalid'],
  ['another type', '{}', 'text/plain', 415, 'media-type-unsupported'],
  ['a form', 'a=b', 'application/x-www-form-urlencoded', 415, 'media-type-unsupported'],
  ['bytes', '{}', 'application/octet-stream', 415, 'media-type-unsupported'],
  ['the wrong shape', '{"name": 1}', 'application/json', 400, 'request-invalid'],
  ['no step', '{"name": "x", "steps": {}}', 'application/json', 409, 'recipe-invalid'],
  ['an unknown step kind', '{"name": "x", "steps": {"a": {"uses": "b"}}}', 'application/json', 409, 'recipe-invalid'],
  ['an unknown model', '{"name": "x", "steps": {"a": {"uses": "chat", "with": {"model": "nobody", "messages": [{"role": "user", "content": "x"}]}}}}', 'application/json', 409, 'model-unknown'],
  ['too much', `{"name": "${'x'.repeat(17 << 20)}"}`, 'application/json', 413, 'body-too-large'],
])('a run of %s is refused', async (_what, body, type, status, code) => {
  const answer = await send('POST', '/v1/runs', { body, type });
  expect(answer.status).toBe(status);
  expect(await problemOf(answer)).toMatchObject({ status, code });
});

test('a request that is not HTTP at all does no harm', async () => {
  const socket = connect(Number(new URL(platform.url).port), '127.0.0.1');
  socket.end('\0\x01\x02 nonsense\r\n\r\n');
  await new Promise((resolve) => socket.on('close', resolve).on('error', resolve).resume());
  expect((await send('GET', '/healthz')).status).toBe(200);
});

test('a recipe is run with inputs: one step for each entry of its matrix, and one that hears of all', async () => {
  const source = `
name: herd
inputs: { data: { kind: path }, base: { kind: model }, size: { choices: { small: { ranks: [2, 4] }, full: { ranks: [2, 4, 8] } }, default: small } }
steps:
  tune: { uses: train, matrix: { rank: "\${{ inputs.size.ranks }}" }, with: { model: "\${{ inputs.base }}", dataset: "\${{ inputs.data }}", method: { kind: lora, rank: "\${{ matrix.rank }}" } } }
  fold: { uses: merge, each: tune, with: { base: "\${{ inputs.base }}", adapter: "\${{ steps.tune.adapter }}" } }
  mean: { uses: merge, needs: [fold], with: { base: "\${{ inputs.base }}", method: linear, models: ["\${{ steps.fold.model }}"] } }
`;
  platform.work.set('train', ({ step }) => ({ content: step, outputs: ['adapter'] }));
  platform.work.set('merge', ({ step }) => ({ content: step }));
  await platform.request('POST', '/v1/recipes', { source });
  await platform.registerModel('herd-base');
  await platform.request('POST', '/v1/runs', { recipe: 'herd', inputs: { size: 'huge' } }, 409);
  const inputs = { data: await platform.file('herd.jsonl'), base: 'herd-base' };
  const run = await platform.ended((await platform.request<RunView>('POST', '/v1/runs', { recipe: 'herd', inputs })).id);
  expect(run).toMatchObject({ status: 'succeeded', event: { inputs } });
  expect(run.steps.map(({ name }) => name)).toEqual(['import-dataset', 'tune.rank2', 'tune.rank4', 'fold.rank2', 'fold.rank4', 'mean']);
  const outputOf = (step: string) => Object.values(run.steps.find(({ name }) => name === step)!.outputs)[0];
  expect(run.steps.find(({ name }) => name === 'fold.rank4')!.inputs).toMatchObject({ adapter: outputOf('tune.rank4') });
  expect(run.steps.find(({ name }) => name === 'mean')!.inputs).toMatchObject({ models: [outputOf('fold.rank2'), outputOf('fold.rank4')] });
});

test('a run can be watched: at first, at each change, its progress, and its end', async () => {
  const gate = platform.gate();
  platform.work.set('import-dataset', { until: gate.until, metrics: { rows: 1 } });
  const { id } = await platform.startRun({ data: { uses: 'import-dataset', with: { path: await platform.file('watched.jsonl') } } });
  // The run comes first, also where progress was heard before anybody watches.
  const { jobId } = await platform.begun(id, 'data');
  await eventually('its progress', () => platform.registry.get(RunWatchers).lastSign({ runId: id, step: 'data', jobId }) > 0);
  const answer = await send('GET', `/v1/runs/${id}/events`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  let stream = '';
  for await (const text of answer.body!.pipeThrough(new TextDecoderStream())) {
    stream += text;
    if (stream.includes('"done":1')) await gate.open();
  }
  const events = stream.split('\n\n').filter((text) => text.startsWith('event: ')).map((text) => {
    const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(text)!;
    return { event, data: JSON.parse(data!) as { progress?: object; status?: string } };
  });
  expect(events[0]!.event).toBe('run');
  expect(events.filter(({ event }) => event === 'progress').map(({ data }) => data.progress)).toContainEqual({ phase: 'work', done: 1, total: 1 });
  expect(events.at(-1)).toMatchObject({ event: 'end', data: { status: 'succeeded' } });
  expect(RunView.parse(events.at(-1)!.data)).toEqual(await platform.showRun(id));
  // Who comes late hears the end at once.
  expect(await (await send('GET', `/v1/runs/${id}/events`)).text()).toMatch(/^event: end\n/);
});

test('the trace of a run has one root, and every other span hangs below it', async () => {
  const { id } = await platform.startRun({ data: { uses: 'import-dataset', with: { path: await platform.file('traced.jsonl') } } });
  const run = await platform.ended(id);
  const spans = await eventually('the spans of the worker and of all above it', async () => {
    const found = await platform.request<FinishedSpan[]>('GET', `/v1/traces/${id}`);
    const known = new Set(found.map(({ spanId }) => spanId));
    return found.some(({ name }) => name.startsWith('worker ')) && found.every(({ parentSpanId }) => parentSpanId === undefined || known.has(parentSpanId)) ? found : undefined;
  });
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([run.traceId]));
  expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual(['run test']);
  expect(spans.map(({ name }) => name)).toContain('step data');
});

test('a dataset can be read: its versions, rows, files, and a copy of it', async () => {
  platform.work.set('import-dataset', { content: '{"a":1}\n{"a":2}\n{"a":3}\n', metrics: { rows: 3 } });
  const { id } = await platform.startRun({ push: { uses: 'import-dataset', with: { path: await platform.file('read.jsonl'), name: 'read' } } });
  const { outputs } = (await platform.ended(id)).steps[0]!;
  const { digest } = outputs['dataset']!;
  expect(await platform.request('GET', '/v1/datasets/read')).toMatchObject({ name: 'read', version: 1, rows: 3, artifact: outputs['dataset'] });
  expect(await platform.request<object[]>('GET', '/v1/datasets/read/versions')).toHaveLength(1);
  expect(await platform.request<DatasetRow[]>('GET', '/v1/datasets/read/rows?limit=2')).toEqual([{ a: 1 }, { a: 2 }]);
  expect(await platform.request<DatasetRow[]>('GET', '/v1/datasets/read/rows?split=train')).toEqual([]);
  await platform.request('GET', '/v1/datasets/read/rows?split=test', undefined, 400);
  const manifest = await platform.request<ArtifactManifest>('GET', `/v1/artifacts/${digest}`);
  for (const shortened of [digest.slice(0, 15), `${digest.slice(0, 19)}…`]) expect(await platform.request('GET', `/v1/artifacts/${encodeURIComponent(shortened)}`)).toEqual(manifest);
  expect(manifest.files.map(({ path }) => path)).toEqual(['rows.jsonl']);
  const file = await send('GET', `/v1/artifacts/${digest}/files/rows.jsonl`);
  expect(file.headers.get('content-length')).toBe('24');
  expect(await file.text()).toBe('{"a":1}\n{"a":2}\n{"a":3}\n');
  for (const path of ['../rows.jsonl', '..%2F..%2Ftoken', 'rows.jsonl%00', 'other']) expect((await send('GET', `/v1/artifacts/${digest}/files/${path}`)).status).toBeGreaterThanOrEqual(400);

  const folder = join(platform.home, 'outside', 'copy');
  expect(await platform.request('POST', `/v1/artifacts/${digest}/export`, { folder })).toEqual({ folder, files: 1, size: 24 });
  expect(await readFile(join(folder, 'rows.jsonl'), 'utf8')).toContain('{"a":2}');
  await platform.request('POST', `/v1/artifacts/${digest}/export`, { folder }, 409);
  await platform.request('POST', `/v1/artifacts/${digest}/export`, { folder: 'relative' }, 409);
  await platform.request('POST', `/v1/artifacts/${digest}/export`, { folder: '/proc/nowhere/x' }, 409);
});

test('an alias is moved and its history kept', async () => {
  await platform.registerModel('aliased');
  expect(await platform.request('PUT', '/v1/models/aliased/aliases/prod', { version: 1 })).toMatchObject({ aliases: { prod: 1 } });
  expect(await platform.request('GET', '/v1/models/aliased/history')).toMatchObject([{ alias: 'prod', version: 1, previousVersion: null }]);
  await platform.request('PUT', '/v1/models/aliased/aliases/prod', { version: 2 }, 404);
  await platform.request('PUT', '/v1/models/nobody/aliases/prod', { version: 1 }, 404);
});

test('files arrive in pieces, are checked, and stand where a path is expected', async () => {
  const content = Buffer.from('{"a":1}\n'.repeat(100));
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const { id } = await platform.request<UploadView>('POST', '/v1/uploads', { files: [{ path: 'sub/rows.jsonl', size: content.length, digest }] });
  const append = (offset: number, bytes: Uint8Array, file = 'sub/rows.jsonl') => send('PATCH', `/v1/uploads/${id}?file=${encodeURIComponent(file)}&offset=${offset}`, { body: new Uint8Array(bytes), type: 'application/octet-stream' });
  const run = (inside = '') => send('POST', '/v1/runs', { type: 'application/json', body: JSON.stringify({ name: 'x', steps: { data: { uses: 'import-dataset', with: { path: `upload:${id}${inside}` } } } }) });

  expect(await (await append(0, content.subarray(0, 300))).json()).toMatchObject({ complete: false, files: [{ received: 300 }] });
  expect(await problemOf(await append(200, content.subarray(200)))).toMatchObject({ status: 409, code: 'upload-offset', facts: { received: 300 } });
  expect(await problemOf(await append(0, content, 'other'))).toMatchObject({ status: 404 });
  expect(await problemOf(await append(300, content))).toMatchObject({ status: 409, code: 'upload-too-large' });
  expect(await problemOf(await send('POST', `/v1/uploads/${id}/complete`))).toMatchObject({ status: 409, code: 'upload-incomplete' });
  expect(await problemOf(await run())).toMatchObject({ status: 409, code: 'upload-incomplete' });
  // Other bytes than announced are dropped.
  await append(300, Buffer.alloc(content.length - 300, 'x'));
  expect(await problemOf(await send('POST', `/v1/uploads/${id}/complete`))).toMatchObject({ status: 409, code: 'upload-digest' });
  expect(await platform.request('GET', `/v1/uploads/${id}`)).toMatchObject({ files: [{ received: 0 }] });
  await append(0, content);
  expect(await (await send('POST', `/v1/uploads/${id}/complete`)).json()).toMatchObject({ complete: true, reference: `upload:${id}` });
  expect(await (await send('POST', `/v1/uploads/${id}/complete`)).json()).toMatchObject({ complete: true });
  expect(existsSync(join(platform.home, 'uploads', id))).toBe(false);

  expect(await problemOf(await run('/other'))).toMatchObject({ code: 'path-missing' });
  expect((await platform.ended(RunView.parse(await (await run('/sub')).json()).id)).steps[0]!.inputs).toMatchObject({ path: 'sub' });
  const started = RunView.parse(await (await run()).json());
  const ended = await platform.ended(started.id);
  expect(ended.steps[0]!.inputs).toMatchObject({ path: 'sub/rows.jsonl', upload: { mediaType: 'application/vnd.tunesmith.upload.v1+folder' } });
});

test.each([
  [[{ path: '../x', size: 1 }], 400], [[{ path: '/x', size: 1 }], 400], [[{ path: 'a/./x', size: 1 }], 400], [[{ path: 'a\\x', size: 1 }], 400], [[{ path: 'x', size: -1 }], 400],
  [[{ path: 'x', size: 1 }, { path: 'x', size: 1 }], 409], [[{ path: 'x', size: 1 }, { path: 'x/y', size: 1 }], 409], [[], 400],
])('an upload of %j is refused', async (files, status) => {
  await platform.request('POST', '/v1/uploads', { files: files.map((file) => ({ ...file, digest: samples['digest'] })) }, status);
});

test('the token file is the owner\'s alone', async () => {
  expect((await stat(join(platform.home, 'token'))).mode & 0o777).toBe(0o600);
});
