import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

async function run(kind: string, output: string, ...words: string[]) {
  await using platform = await TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: kind, uses: kind, outputs: { [output]: { digest: sampleDigest, size: 1, mediaType: `application/vnd.tunesmith.${output}.v1+folder` } }, metrics: { lostShare: 0.25 } }));
      answer.end();
    },
  });
  const result = await runCommand([...words, '--json'], { environment: platform.environment });
  const steps = platform.seen('POST /v1/runs').length > 0 ? (platform.bodyOf('POST /v1/runs') as { steps: Record<string, { uses: string; with: Record<string, unknown> }> }).steps : {};
  return { ...result, asked: steps[kind] };
}

test.each<[words: string[], kind: string, output: string, expected: Record<string, unknown>]>([
  [['adapter', 'extract', 'base:1', 'tuned@prod', '--rank', '8', '--energy', '0.9', '--target-module', 'q_proj', '--target-module', 'v_proj'], 'extract-adapter', 'adapter', { base: 'base:1', model: 'tuned@prod', rank: 8, energy: 0.9, targetModules: ['q_proj', 'v_proj'] }],
  [['adapter', 'merge', 'sha256:a', 'sha256:b'], 'merge-adapters', 'adapter', { adapters: ['sha256:a', 'sha256:b'] }],
  [
    ['adapter', 'merge', 'one', 'two', '--combination', 'updates', '--method', 'ties', '--parameter', 'weight=[1, 0.5]', '--rank', '4', '--seed', '7'], 'merge-adapters', 'adapter',
    { adapters: ['one', 'two'], combination: 'updates', method: 'ties', parameters: { weight: [1, 0.5] }, rank: 4, seed: 7 },
  ],
  [
    ['delta', 'compress', 'base', 'tuned', '--bits-per-weight', '0.5', '--group', '2:8', '--group', 'rest:2', '--dataset', 'rows', '--no-perplexity'], 'compress-delta', 'delta',
    { base: 'base', model: 'tuned', bitsPerWeight: 0.5, groups: [{ rank: 2, bits: 8 }, { rank: null, bits: 2 }], dataset: 'rows', perplexity: false },
  ],
  [['delta', 'restore', 'base', 'sha256:c'], 'restore-delta', 'model', { base: 'base', delta: 'sha256:c' }],
])('%j asks for what it says, and gives one document', async (words, kind, output, expected) => {
  const { code, stdout, asked } = await run(kind, output, ...words);
  expect(code).toBe(0);
  expect(asked).toMatchObject({ uses: kind, with: expected });
  expect(asked?.with).toEqual(expected);
  expect(JSON.parse(stdout)).toMatchObject({ artifact: sampleDigest, metrics: { lostShare: 0.25 } });
});

test.each([
  ['a rank of zero', ['adapter', 'extract', 'a', 'b', '--rank', '0'], /--rank/],
  ['an unknown combination', ['adapter', 'merge', 'a', 'b', '--combination', 'both'], /--combination/],
  ['a group that is none', ['delta', 'compress', 'a', 'b', '--group', '2x8'], /Expected RANK:BITS/],
  ['too many bits', ['delta', 'compress', 'a', 'b', '--bits-per-weight', '20'], /--bits-per-weight/],
  ['no adapters', ['adapter', 'merge'], /adapters/],
])('refuses %s as wrong use', async (_name, words, message) => {
  const { code, stderr, asked } = await run('none', 'none', ...words);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
  expect(asked).toBeUndefined();
});
