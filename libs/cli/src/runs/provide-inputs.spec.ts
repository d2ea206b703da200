import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleRun } from '../testing/sample-run.js';
import { TinyPlatform } from '../testing/tiny-platform.js';

const recipe = { name: 'herd', version: 1, source: '', appliedAt: '2026-01-01T00:00:00Z', recipe: { name: 'herd', steps: {}, on: {}, inputs: { data: { kind: 'path' }, base: { kind: 'model' }, seeds: { kind: 'list' }, tag: { kind: 'text' }, size: { kind: 'text', choices: { small: 1 } } } } };

async function start(line: string): Promise<{ code: number | null; stderr: string; inputs: unknown }> {
  await using platform = await TinyPlatform.start({ 'POST /v1/runs': sampleRun(), 'GET /v1/recipes/herd': recipe, 'POST /v1/uploads': { id: 'u1', reference: 'upload:u1' }, 'PATCH /v1/uploads/u1': { files: [{ path: 'a.jsonl', received: 3 }] }, 'POST /v1/uploads/u1/complete': { complete: true } });
  const { code, stderr } = await runCommand(['run', 'start', 'herd', '--detach', ...line.split(' ')], { environment: platform.environment });
  return { code, stderr, inputs: code === 0 ? (platform.bodyOf('POST /v1/runs') as { inputs: unknown }).inputs : undefined };
}

test('each input becomes what the platform understands: files are sent, values are values', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inputs-'));
  await writeFile(join(folder, 'a.jsonl'), '{}\n');
  const { inputs } = await start(`--input data=${folder} --input base=smollm2@prod --input seeds=[1,2] --input tag=7 --input size=small`);
  expect(inputs).toEqual({ data: 'upload:u1', base: 'smollm2@prod', seeds: [1, 2], tag: '7', size: 'small' });
  await rm(folder, { recursive: true });
});

test.each([
  ['--input dta=x', 2, /--input dta: expected an input of the recipe herd \(data, base, seeds, tag, size\)/],
  ['--input data=/nowhere/at/all', 1, /--input data: expected a file or folder at \/nowhere\/at\/all; there is none/],
])('%s is refused', async (line, code, message) => {
  const refused = await start(line);
  expect([refused.code, refused.stderr]).toEqual([code, expect.stringMatching(message)]);
});
