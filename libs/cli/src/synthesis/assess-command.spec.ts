import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform, type SeenRequest } from '../testing/tiny-platform.js';

const report = { digest: sampleDigest, size: 4_700, mediaType: 'application/vnd.tunesmith.report.v1+folder' };

const served = { digest: sampleDigest, title: 'Which is best?', items: 18, page: `/assess/${sampleDigest}#key`, raters: [{ rater: 'Ann', graded: 9, handedInAt: '2026-01-01T00:00:00.000Z' }] };

async function assess(words: readonly string[], step: object, handedIn: readonly object[] = []): Promise<{ settings: unknown; code: number | null; stdout: string; stderr: string }> {
  await using platform = await TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'assess', uses: 'assess', ...step }));
      answer.end();
    },
    [`GET /v1/assessments/${encodeURIComponent(sampleDigest)}`]: served, [`GET /v1/assessments/${encodeURIComponent(sampleDigest)}/grades`]: handedIn,
    'POST /v1/uploads': { id: 'u1', reference: 'upload:u1' }, 'PATCH /v1/uploads/u1': ({ query, bytes }: SeenRequest) => ({ files: [{ path: query.get('file'), received: bytes.length }] }), 'POST /v1/uploads/u1/complete': { complete: true },
  });
  const { code, stdout, stderr } = await runCommand(['assess', ...words], { environment: platform.environment });
  return { settings: code === 0 && words[0] !== 'serve' ? (platform.bodyOf('POST /v1/runs') as { steps: { assess: { with: object } } }).steps.assess.with : undefined, code, stdout, stderr };
}

test('assess form: models with their labels, and what to do next', async () => {
  const { settings, stdout } = await assess(['form', 'questions', '--model', 'small=smollm2@prod', '--model', 'tuned=mine', '--items', '9'], { outputs: { form: report }, metrics: { items: 18 } });
  expect(settings).toEqual({ kind: 'form', dataset: 'questions', models: ['smollm2@prod', 'mine'], labels: ['small', 'tuned'], items: 9 });
  expect(stdout).toMatch(new RegExp(`raters open http://127[^ ]*/assess/${sampleDigest}#key`));
  expect(stdout).toContain(`tunesmith assess read ${sampleDigest}\n`);
});

test('assess serve: the address, and who has handed in', async () => {
  const { stdout } = await assess(['serve', sampleDigest], {});
  expect(stdout).toMatch(new RegExp(`raters open http://127[^ ]*/assess/${sampleDigest}#key`));
  expect(stdout).toMatch(/Ann +9 of 18 +2026/);
});

test('assess read: without files what was handed in to the platform is read, and nothing is an error that says what to do', async () => {
  const metrics = { groups: [], agreement: { cohen: [], fleiss: null } };
  const { settings } = await assess(['read', sampleDigest], { outputs: { assessment: report }, metrics }, [{ form: 'f', rater: 'Ann', grades: { one: 'A' } }]);
  expect(settings).toEqual({ kind: 'grades', form: sampleDigest, grades: 'upload:u1' });
  const { code, stderr } = await assess(['read', sampleDigest], {});
  expect([code, stderr]).toEqual([1, expect.stringMatching(/nobody has[\s\S]*tunesmith assess serve/)]);
});

test('assess read: counts and agreement', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grades-'));
  await writeFile(join(folder, 'ann.json'), '{}');
  const metrics = { groups: [{ group: 'tuned', items: 9, counts: { A: 5, B: 2, C: 1, D: 1 } }], agreement: { cohen: [{ raters: ['Ann', 'Bob'], kappa: 0.5 }], fleiss: { items: 9, kappa: null } } };
  const { settings, stdout } = await assess(['read', sampleDigest, '--grades', folder], { outputs: { assessment: report }, metrics });
  expect(settings).toEqual({ kind: 'grades', form: sampleDigest, grades: 'upload:u1' });
  expect(stdout).toMatch(/tuned +5 +2 +1 +1/);
  expect(stdout).toContain("Cohen's kappa of Ann and Bob: 0.50");
  expect(stdout).toContain("Fleiss' kappa over 9 answers: says nothing");
  await rm(folder, { recursive: true });
});
