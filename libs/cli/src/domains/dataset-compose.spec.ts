import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

const domains = { law: { weight: 0.75, planned: 3, rows: 3, distinctRows: 2, available: 2, withReplacement: true }, code: { weight: 0.25, planned: 1, rows: 1, distinctRows: 1, available: 9, withReplacement: false } };

function platform(): Promise<TinyPlatform> {
  return TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'compose', uses: 'compose', outputs: { dataset: { digest: sampleDigest, size: 9, mediaType: 'application/vnd.tunesmith.dataset.v1+folder' } }, metrics: { rows: 4, domains, heldOutAlone: ['verse'] } }));
      answer.end();
    },
  });
}

async function settingsOf(line: string): Promise<unknown> {
  await using tiny = await platform();
  const { code, stderr } = await runCommand(['dataset', 'compose', 'six', ...line.split(' ')], { environment: tiny.environment });
  if (code !== 0) throw new Error(stderr);
  return (tiny.bodyOf('POST /v1/runs') as { steps: { compose: { with: object } } }).steps.compose.with;
}

test('options become the settings of the step, and the counts a table', async () => {
  await using folder = await temporaryFolder('compose');
  await writeFile(join(folder.path, 'detection.json'), JSON.stringify({ shares: { law: 0.75, code: 0.25 }, samples: 8 }));
  expect(await settingsOf('--rows 4')).toEqual({ dataset: 'six', rows: 4 });
  expect(await settingsOf('--weights law=0.75,code=0.25 --tokens 900 --model m --replacement never --seed 3')).toEqual({ dataset: 'six', weights: { law: 0.75, code: 0.25 }, tokens: 900, model: 'm', replacement: 'never', seed: 3 });
  expect(await settingsOf(`--weights inverse --detection ${sampleDigest} --rows 4 --domain law --domain code`)).toEqual({ dataset: 'six', weights: 'inverse', detection: sampleDigest, rows: 4, domains: ['law', 'code'] });
  expect(await settingsOf(`--weights detected --detection ${folder.path}/detection.json --rows 4`)).toEqual({ dataset: 'six', weights: 'detected', shares: { law: 0.75, code: 0.25 }, rows: 4 });
  await using tiny = await platform();
  const { stdout } = await runCommand(['dataset', 'compose', 'six', '--rows', '4'], { environment: tiny.environment });
  expect(stdout).toContain(`dataset  ${sampleDigest}`);
  expect(stdout).toContain('no training rows, so left out: verse');
  expect(stdout).toMatch(/law +0\.7500 +3 +3 +2 +2 +yes/);
});

test.each([
  ['', 'either --rows or --tokens'],
  ['--rows 4 --weights law=0.5,code=0.4', 'sum to 0.9'],
  ['--rows 4 --weights law', 'expected uniform, inverse, detected or law=0.5,code=0.5; got "law"'],
  ['--rows 4 --weights law=0.5,law=0.5', 'each domain once'],
  ['--tokens 4', '--tokens and --model: expected both'],
  ['--rows 4 --weights detected', '--weights detected: expected --detection'],
  ['--rows 0', '--rows'],
])('"%s" is wrong use', async (line, message) => {
  const { code, stderr } = await runCommand(['dataset', 'compose', 'six', ...line.split(' ').filter(Boolean)]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
