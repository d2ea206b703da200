import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { importModel } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { ModelImportRequestedHandler } from './model-import-requested.handler.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'registry', handlers: [ModelImportRequestedHandler] })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('a model is stored as a model, and its facts become metrics', async () => {
  const path = await bench.file('model.gguf', 'GGUF', { kind: 'model', family: 'llama', parameters: 5 });
  const job = await bench.run(importModel, { path, name: 'smollm2' });
  expect(job).toMatchObject({ status: 'succeeded', outputs: { model: { mediaType: expect.stringContaining('model') } } });
  expect(job.metrics).toEqual({ family: 'llama', parameters: 5 });
  expect(await bench.read(job.outputs!['model'], 'input.json')).toMatchObject({ source: path });
});

test('an adapter from an upload is stored as an adapter', async () => {
  const upload = await bench.artifact('upload', { 'adapter_config.json': '{}', 'result.json': { kind: 'adapter', tensors: 2 } });
  const job = await bench.run(importModel, { path: 'adapter_config.json', upload });
  expect(Object.keys(job.outputs!)).toEqual(['adapter']);
});

test('a model that changes while it is imported is refused', async () => {
  const path = await bench.file('model.gguf', 'GGUF');
  await writeFile(join(dirname(path), 'result.json'), JSON.stringify({ kind: 'model', meanwhile: { [path]: 'another' } }));
  const job = await bench.run(importModel, { path });
  expect([job.status, job.error]).toEqual(['failed', expect.objectContaining({ code: 'model-changed', message: expect.stringMatching(/to stay as it is while it is imported; model\.gguf changed meanwhile/) })]);

  const folder = join(dirname(path), 'folder');
  await mkdir(folder);
  await writeFile(join(dirname(path), 'result.json'), JSON.stringify({ kind: 'model', meanwhile: { [join(folder, 'added.json')]: '{}' } }));
  expect((await bench.run(importModel, { path: folder })).error).toMatchObject({ message: expect.stringContaining('added.json changed meanwhile') });
});
