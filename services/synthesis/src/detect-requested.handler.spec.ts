import { detect } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

const found = { shares: { law: 0.4, code: 0.6 }, samples: 20 };

test('the detection is stored, and the shares and the accuracy of the judge stand in the metrics', async () => {
  const check = { texts: 9, accuracy: 0.8 };
  const model = await bench.artifact('model', { 'result.json': { ...found, judge: { kind: 'model', calibration: {}, check }, sampling: { seed: 1 } } });
  const judge = await bench.artifact('model', { 'config.json': '1' });
  const examples = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const job = await bench.run(detect, { model, judge, examples, check: examples, domains: { law: ['law'], code: ['code'] } });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { detection: { mediaType: expect.stringContaining('report') } } });
  expect(job.metrics).toEqual({ ...found, check });
  expect(await bench.read(job.outputs!['detection'], 'input.json')).toMatchObject({
    modelFolder: expect.stringContaining(model.digest.slice(7)), judge: { kind: 'model', folder: expect.stringContaining(judge.digest.slice(7)) }, examplesFolder: expect.stringContaining(examples.digest.slice(7)),
    checkFolder: expect.stringContaining(examples.digest.slice(7)), domains: { law: ['law'], code: ['code'] }, repetitionPenalty: 1.1, rounds: 5, start: 'bos',
  });
});

test('a judge may be a server; without domains they are left to the worker', async () => {
  const model = await bench.artifact('model', { 'result.json': { ...found, judge: { kind: 'address', calibration: {} }, sampling: {} }, other: '1' });
  const job = await bench.run(detect, { model, judgeAddress: { url: 'https://example.com/v1', model: 'large' } });
  const input = await bench.read<Record<string, unknown>>(job.outputs!['detection'], 'input.json');
  expect(input).toMatchObject({ judge: { kind: 'address', address: { url: 'https://example.com/v1', model: 'large', retries: 6 } } });
  expect(Object.keys(input)).not.toContain('domains');
});

test.each([
  ['no judge', {}, 'either judge or judgeAddress'],
  ['examples for a server', { judgeAddress: { url: 'https://example.com/v1', model: 'm' }, examples: true }, 'a judge that is a model'],
  ['one domain', { judge: true, domains: { law: ['law'] } }, 'at least two domains'],
])('%s: refused before anything runs', (_name, settings, message) => {
  const ref = { digest: `sha256:${'0'.repeat(64)}`, size: 1, mediaType: 'application/vnd.tunesmith.model.v1+folder' };
  const given = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value === true ? ref : value]));
  expect(detect.spec.safeParse({ model: ref, ...given }).error?.message).toContain(message);
});
