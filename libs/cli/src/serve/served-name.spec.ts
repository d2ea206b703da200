import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { Interrupts } from '../interrupts.js';
import { Session } from '../session.js';
import { Terminal } from '../terminal/terminal.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';
import { servedName, targetStep } from './served-name.js';

const uploadId = '0194d3f0-0000-7000-8000-000000000009';
const reference = `upload:${uploadId}`;
const folder = mkdtempSync(join(tmpdir(), 'tunesmith-target-'));
const weights = join(folder, 'plain');
const file = join(folder, 'small.gguf');
const packed = join(folder, 'hf');
mkdirSync(weights);
writeFileSync(join(weights, 'config.json'), '{}');
writeFileSync(file, 'GGUF');
mkdirSync(join(packed, 'rtn-int4'), { recursive: true });
writeFileSync(join(packed, 'rtn-int4/config.json'), '{"quantization_config": {}}');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a step is given for a model, on a shared platform that takes any upload and imports it as `sampleDigest`. */
async function given(model: string, options: Parameters<typeof targetStep>[2] = {}) {
  const view = (complete: boolean) => ({ id: uploadId, reference, complete, files: ['config.json', 'small.gguf', 'rtn-int4/config.json'].map((path) => ({ path, size: 1, digest: sampleDigest, received: 1e6 })), createdAt: '2026-11-21T12:00:00.000Z' });
  await using platform = await TinyPlatform.start({
    'POST /v1/uploads': view(false),
    [`PATCH /v1/uploads/${uploadId}`]: view(false),
    [`POST /v1/uploads/${uploadId}/complete`]: view(true),
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'import', uses: 'import-model', outputs: { model: { digest: sampleDigest, size: 1, mediaType: 'application/vnd.tunesmith.model.v1+folder' } } }));
      answer.end();
    },
  });
  const session = new Session(new Terminal(process.stdout, process.stderr, { NO_COLOR: '1', CI: '1' }), new Interrupts(), { ...platform.environment, TUNESMITH_HOME: folder }, true);
  return await targetStep(session, model, options);
}

test('a registered model with a format is the files that it was quantized to', async () => {
  expect(await given('m@prod', { format: 'gguf/q8_0' })).toEqual({ gguf: 'm@prod#gguf/q8_0', format: 'gguf/q8_0' });
  expect(await given('m@prod#onnx/int4')).toEqual({ onnx: 'm@prod#onnx/int4', format: 'onnx/int4' });
  expect(await given('m@prod', { format: 'hf/gptq-int4' })).toEqual({ hf: 'm@prod#hf/gptq-int4', format: 'hf/gptq-int4' });
  expect(await given('m@prod', { format: 'model' })).toEqual({ model: 'm@prod' });
  await expect(given('m#gguf/q8_0', { format: 'onnx/int4' })).rejects.toThrow('--format: expected the format once');
});

test('a type of number is what the weights are computed in, in either spelling', async () => {
  expect(await given('m@prod#float32')).toEqual({ model: 'm@prod', dtype: 'float32' });
  expect(await given('m@prod', { format: 'bfloat16' })).toEqual({ model: 'm@prod', dtype: 'bfloat16' });
  expect(await given(weights, { format: 'float32' })).toEqual({ model: reference, dtype: 'float32' });
  expect(await given('m', { format: 'float32', adapter: 'tuned' })).toEqual({ model: 'm', adapter: 'tuned', dtype: 'float32' });
  await expect(given('m#float32', { dtype: 'bfloat16' })).rejects.toThrow('--dtype: expected one type to compute in; got float32 and --dtype bfloat16');
});

test('a type of number is refused beside a file whose runtime computes as the file says', async () => {
  for (const [model, format] of [['m', 'gguf/q8_0'], ['m#onnx/int4', undefined], [file, undefined], [file, 'gguf/q8_0']] as const) {
    await expect(given(model, { dtype: 'float32', ...(format && { format }) })).rejects.toThrow(/^--dtype: expected none beside .*, whose runtime computes as the file says; got float32$/);
  }
  expect(await given('m', { dtype: 'float32', format: 'hf/gptq-int4' })).toEqual({ hf: 'm#hf/gptq-int4', format: 'hf/gptq-int4' });
  expect(await given(join(packed, 'rtn-int4'), { dtype: 'float32' })).toEqual({ files: reference });
  expect(await given('m', { dtype: 'model', format: 'gguf/q8_0' })).toEqual({ gguf: 'm#gguf/q8_0', format: 'gguf/q8_0' });
});

test('a folder of plain weights with a format is brought in, and what it was quantized to is looked for', async () => {
  expect(await given(weights)).toEqual({ model: reference });
  expect(await given(weights, { format: 'gguf/q8_0' })).toEqual({ gguf: `${sampleDigest}#gguf/q8_0`, format: 'gguf/q8_0' });
});

test('a model of the hub with a format is brought in first, as a folder is', async () => {
  expect(await given('hf:org/name')).toEqual({ model: 'hf:org/name' });
  expect(await given('hf:org/name#float32')).toEqual({ model: 'hf:org/name', dtype: 'float32' });
  for (const [model, format] of [['hf:org/name', 'gguf/q8_0'], ['hf:org/name#gguf/q8_0', undefined], [`${weights}#gguf/q8_0`, undefined]] as const) {
    expect(await given(model, format && { format })).toEqual({ gguf: `${sampleDigest}#gguf/q8_0`, format: 'gguf/q8_0' });
  }
  // A # of the folder's own is none of ours.
  const own = join(folder, 'a#gguf', 'q8_0');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'config.json'), '{}');
  expect(await given(own)).toEqual({ model: reference });
  await expect(given(`${weights}#3`)).rejects.toMatchObject({ code: 'path-missing' });
});

test('packed linears are computed in a type that stands behind one more #; a format that there is not is refused at once', async () => {
  const expected = { hf: 'm#hf/gptq-int4', format: 'hf/gptq-int4', dtype: 'float32' };
  for (const [model, options] of [['m#hf/gptq-int4#float32', {}], ['m', { format: 'hf/gptq-int4#float32' }]] as const) expect(await given(model, options)).toEqual(expected);
  for (const format of ['gguf/q8_0#float32', 'float32#bfloat16', 'gguf/q8_0#onnx/int4', 'hf/gptq-int4#float32#float32', 'q4']) await expect(given('m', { format })).rejects.toThrow(/^--format: expected /);
});

test('a file says itself what it is; with a format, which of several', async () => {
  expect(await given(file)).toEqual({ files: reference });
  expect(await given(file, { format: 'gguf/q8_0' })).toEqual({ files: reference, format: 'gguf/q8_0' });
  await expect(given(file, { format: 'float32' })).rejects.toThrow(UsageError);
});

test('a packed folder is asked as it is, alone or among others, in the type of number that is named', async () => {
  expect(await given(join(packed, 'rtn-int4'))).toEqual({ files: reference });
  expect(await given(join(packed, 'rtn-int4'), { format: 'float32' })).toEqual({ files: reference, dtype: 'float32' });
  expect(await given(packed, { format: 'hf/rtn-int4' })).toEqual({ files: reference, format: 'hf/rtn-int4' });
});

test('an adapter stays beside weights and beside GGUF files, not beside graphs and packed folders', async () => {
  for (const [model, format] of [['m', 'gguf/q8_0'], ['m#gguf/q8_0', undefined]] as const) expect(await given(model, { adapter: 'tuned', ...(format && { format }) })).toEqual({ gguf: 'm#gguf/q8_0', format: 'gguf/q8_0', adapter: 'tuned' });
  expect(await given(file, { adapter: 'tuned' })).toEqual({ files: reference, adapter: 'tuned' });
  for (const [model, format] of [['m', 'onnx/int4'], ['m#hf/gptq-int4', undefined]] as const) {
    await expect(given(model, { adapter: 'tuned', ...(format && { format }) })).rejects.toThrow('--adapter: expected the model\'s own weights or a GGUF file');
  }
});

test('what is served has its adapter behind a +, and what computes it behind a #', async () => {
  const session = new Session(new Terminal(process.stdout, process.stderr, { NO_COLOR: '1', CI: '1' }), new Interrupts(), { TUNESMITH_HOME: folder }, true);
  expect(await servedName(session, 'm@prod', { adapter: 'tuned' })).toBe('m@prod+tuned');
  for (const [model, format] of [['m', 'float32'], ['m#float32', undefined], ['m#float32', 'model']] as const) expect(await servedName(session, model, { adapter: 'tuned:2', ...(format && { format }) })).toBe('m+tuned:2#float32');
  expect(await servedName(session, 'm', { format: 'hf/gptq-int4' })).toBe('m#hf/gptq-int4');
  expect(await servedName(session, 'm', { format: 'hf/gptq-int4#float32' })).toBe('m#hf/gptq-int4#float32');
  expect(await servedName(session, 'm', { adapter: 'tuned', format: 'gguf/q8_0' })).toBe('m+tuned#gguf/q8_0');
  await expect(servedName(session, 'm', { adapter: 'tuned', format: 'onnx/int4' })).rejects.toThrow("--adapter: expected the model's own weights or a GGUF file, which it stays beside; got --format onnx/int4");
});
