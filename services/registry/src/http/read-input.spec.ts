import { api } from '@tunesmith/contracts';
import { readInput } from './read-input.js';

const id = '0194d3f0-0000-7000-8000-000000000000';

test('defaults are filled in and numbers of a query become numbers', () => {
  expect(readInput(api.listRuns, { params: {}, query: { limit: '7', status: 'failed' }, body: undefined, headers: {} }).query).toEqual({ project: 'default', limit: 7, status: 'failed' });
  expect(readInput(api.showDataset, { params: { name: '42' }, query: { version: '3' }, body: null, headers: {} })).toMatchObject({ parameters: { name: '42' }, query: { version: 3 } });
});

test('the rest of a path is one parameter', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  expect(readInput(api.artifactFile, { params: { digest, '*': 'a/b.json' }, query: {}, body: undefined, headers: {} }).parameters).toEqual({ digest, path: 'a/b.json' });
});

test.each([
  [{ limit: '0x10' }, /query\.limit/],
  [{ limit: ' 7' }, /query\.limit/],
  [{ limit: '501' }, /query\.limit/],
  [{ limit: ['1', '2'] }, /query\.limit/],
  [{ limits: '1' }, /limits/],
  [{ constructor: '1' }, /constructor/],
  [{ project: 'a b' }, /query\.project/],
])('the query %j is refused', (query, message) => {
  expect(() => readInput(api.listRuns, { params: {}, query, body: undefined, headers: {} })).toThrow(message);
});

test('everything that is wrong is told at once', () => {
  expect(() => readInput(api.setAlias, { params: { name: '-', alias: 'a/b' }, query: { x: '1' }, body: { version: '1' }, headers: { 'content-type': 'application/json; charset=utf-8' } })).toThrow(/path\.name: .*\n- path\.alias: .*\n- query: .*\n- body\.version: /);
});

test('a value that is not what was expected is told beside it', () => {
  expect(() => readInput(api.showArtifact, { params: { digest: 'sha256:0123' }, query: {}, body: undefined, headers: {} })).toThrow('path.digest: expected sha256: and 64 lower-case hexadecimal digits, or the first 8 of them or more; got "sha256:0123"');
  expect(() => readInput(api.showModel, { params: { name: 'sha256:00' }, query: {}, body: undefined, headers: {} })).toThrow(/^path\.name: expected 1 to 64 letters.*; got "sha256:00"$/);
});

test('a route without a body takes none or an empty one', () => {
  for (const body of [undefined, null, {}]) readInput(api.cancelRun, { params: { id }, query: {}, body, headers: {} });
  for (const body of [[], 'x', { force: true }]) expect(() => readInput(api.cancelRun, { params: { id }, query: {}, body, headers: {} })).toThrow(/body/);
});

test('a body of another content-type is refused', () => {
  for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'application/jsonx']) {
    expect(() => readInput(api.applyRecipe, { params: {}, query: {}, body: { source: 'x' }, headers: type === undefined ? {} : { 'content-type': type } })).toThrow(/content-type application\/json/);
  }
  expect(() => readInput(api.appendUpload, { params: { id }, query: { file: 'x', offset: '0' }, body: {}, headers: { 'content-type': 'application/json' } })).toThrow(/application\/octet-stream/);
});
