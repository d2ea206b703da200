import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { quantize } from '@tunesmith/contracts';
import { eventually, JobBench } from '@tunesmith/tests-support';
import { quantizerHandlers } from './quantizer.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'quantizer', handlers: quantizerHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('files for each runtime are stored by themselves', async () => {
  const model = await bench.artifact('model', { 'result.json': { metrics: { 'gguf/q8_0': { bytes: 1 } } } });
  const dataset = await bench.artifact('dataset', { 'rows.jsonl': '' });
  const job = await bench.run(quantize, { model, to: ['gguf/q8_0', 'onnx/int4', 'hf/rtn-int4'], hf: { groupSize: 64 }, dataset, tag: 'replay', questions: ['Who?'] });
  expect(job).toMatchObject({ status: 'succeeded', metrics: { 'gguf/q8_0': { bytes: 1 } }, outputs: { gguf: { mediaType: expect.stringContaining('gguf') }, onnx: { mediaType: expect.stringContaining('onnx') }, hf: { mediaType: expect.stringContaining('hf') } } });
  const input = await bench.read<Record<string, unknown>>(job.outputs!['gguf'], 'input.json');
  expect(input).toMatchObject({ to: ['gguf/q8_0', 'onnx/int4', 'hf/rtn-int4'], hf: { groupSize: 64 }, tag: 'replay', questions: ['Who?'], datasetFolder: expect.stringContaining(dataset.digest.slice(7)) });
  // What was kept for another attempt goes after the success.
  const layersFolder = input['layersFolder'] as string;
  expect(layersFolder).toContain(job.runId);
  await eventually('the layers to be gone', () => !existsSync(dirname(layersFolder)));
});

test('an adapter, rows to calibrate on and an importance matrix reach the worker as folders', async () => {
  const file = { 'file.txt': 'text' };
  const [model, adapter, calibration, importance] = [await bench.artifact('model', { 'result.json': {} }), await bench.artifact('adapter', file), await bench.artifact('dataset', file), await bench.artifact('gguf', file)];
  const inputOf = async (settings: object) => bench.read<Record<string, unknown>>((await bench.run(quantize, { model, to: ['gguf/q4_k_m'], adapter, ...settings })).outputs!['gguf'], 'input.json');
  const [rows, matrix] = [await inputOf({ calibration }), await inputOf({ importance })];
  const folderOf = ({ digest }: { digest: string }) => expect.stringContaining(digest.slice(7)) as string;
  expect(rows).not.toHaveProperty('layersFolder');
  expect(rows).toMatchObject({ adapterFolder: folderOf(adapter), calibrationFolder: folderOf(calibration) });
  expect(matrix).toMatchObject({ adapterFolder: folderOf(adapter), importanceFolder: folderOf(importance) });
});

test('layers of a compensated GGUF file are kept for another attempt too', async () => {
  const [model, calibration] = [await bench.artifact('model', { 'result.json': {} }), await bench.artifact('dataset', { 'file.txt': 'text' })];
  const job = await bench.run(quantize, { model, to: ['gguf/q4_k_m'], calibration, compensate: { memory: 4 } });
  expect(await bench.read<Record<string, unknown>>(job.outputs!['gguf'], 'input.json')).toMatchObject({ compensate: { memory: 4 }, layersFolder: expect.stringContaining(job.runId) });
});
