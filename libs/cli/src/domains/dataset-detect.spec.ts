import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

const metrics = { shares: { law: 0.25, code: 0.75 }, intervals: { law: { low: 0.1, high: 0.4 }, code: { low: 0.6, high: 0.9 } }, samples: 20, empty: 1, discarded: 2, check: { accuracy: 0.905, balancedAccuracy: 0.88, texts: 631 } };

async function detect(line: string): Promise<{ settings: unknown; stdout: string }> {
  await using platform = await TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'detect', uses: 'detect', outputs: { detection: { digest: sampleDigest, size: 9, mediaType: 'application/vnd.tunesmith.report.v1+folder' } }, metrics }));
      answer.end();
    },
  });
  const { code, stdout, stderr } = await runCommand(['dataset', 'detect', 'm', ...line.split(' ')], { environment: platform.environment });
  if (code !== 0) throw new Error(stderr);
  return { settings: (platform.bodyOf('POST /v1/runs') as { steps: { detect: { with: object } } }).steps.detect.with, stdout };
}

test('options become the settings of the step; shares, intervals and the accuracy of the judge are printed', async () => {
  const { settings, stdout } = await detect('--judge j --examples six --check-judge six --samples 4 --rounds 5 --domain law=law,court --domain code --start eos --aggregate hard-label');
  expect(settings).toEqual({ model: 'm', judge: 'j', examples: 'six', check: 'six', samples: 4, rounds: 5, domains: { law: ['law', 'court'], code: ['code'] }, start: 'eos', aggregate: 'hard-label' });
  expect(stdout).toMatch(/law +25\.0 % +10\.0 % +40\.0 %/);
  expect(stdout).toContain('the judge is right on 90.5 % of 631 held-out rows (mean over domains: 88.0 %)');
  expect((await detect('--judge https://example.com/v1 --judge-model large --key-variable OPENAI_API_KEY')).settings).toEqual({ model: 'm', judgeAddress: { url: 'https://example.com/v1', model: 'large', keyVariable: 'OPENAI_API_KEY' } });
  const paid = await detect('--judge https://example.com/v1 --judge-model large --prices 1:2 --spending-cap 3 --concurrency 2 --timeout 9');
  expect(paid.settings).toMatchObject({ judgeAddress: { prices: { promptPerMillion: 1, answerPerMillion: 2 }, spendingCap: 3, concurrency: 2, timeoutSeconds: 9 } });
});

test.each([
  ['', '--judge'],
  ['--judge https://example.com/v1', '--judge-model: expected'],
  ['--judge j --judge-model x', 'an address as --judge'],
  ['--judge j --spending-cap 2', '--spending-cap: expected an address as --judge'],
  ['--judge https://example.com/v1 --judge-model x --spending-cap 2', '--spending-cap: expected --prices'],
  ['--judge https://example.com/v1 --judge-model x --examples six', '--examples: expected a model as --judge'],
  ['--judge j --examples-of-domain 3', 'expected --examples beside it'],
  ['--judge j --domain law', 'at least two domains'],
  ['--judge j --domain law --domain law', 'each name once'],
  ['--judge j --rounds 0', '--rounds'],
])('"%s" is wrong use', async (line, message) => {
  const { code, stderr } = await runCommand(['dataset', 'detect', 'm', ...line.split(' ').filter(Boolean)]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
