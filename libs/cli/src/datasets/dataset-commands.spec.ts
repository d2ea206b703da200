import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

const report = { digest: sampleDigest, size: 9, mediaType: 'application/vnd.tunesmith.report.v1+folder' };

/** A platform on which a job of one step ends with these metrics. */
function platform(name: string, uses: string, metrics: Parameters<typeof succeededRun>[0]['metrics']): Promise<TinyPlatform> {
  return TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name, uses, outputs: { report }, metrics: metrics! }));
      answer.end();
    },
  });
}

const stepsOf = (tiny: TinyPlatform): unknown => (tiny.bodyOf('POST /v1/runs') as { steps: unknown }).steps;

test('dataset diff compares two references, and shows counts and examples', async () => {
  const examples = { added: [{ row: 1, text: 'new\nA' }], removed: [], changed: [{ row: 2, text: 'old B' }], moved: [] };
  await using tiny = await platform('diff', 'diff-datasets', { left: { rows: 5 }, right: { rows: 6 }, same: 4, moved: 0, changed: 1, added: 1, removed: 0, byTag: { law: { left: 2, right: 3 } }, examples });
  const { code, stdout } = await runCommand(['dataset', 'diff', 'six:1', 'six:2', '--examples', '3'], { environment: tiny.environment });
  expect(stepsOf(tiny)).toEqual({ diff: { uses: 'diff-datasets', with: { left: 'six:1', right: 'six:2', examples: 3 } } });
  expect(stdout.split('\n').slice(0, 6)).toEqual(['5 rows before, 6 after', 'same 4, of them in the other split 0; answered otherwise 1; added 1; removed 0', 'TAG  BEFORE  AFTER', 'law       2      3', '+ row 1: new A', '~ row 2: old B']);
  expect(code).toBe(0);
});

test('dataset report counts under a model', async () => {
  await using tiny = await platform('report', 'report-dataset', { rows: 3, bySplit: { train: 3, validation: 0 } });
  const { stdout } = await runCommand(['dataset', 'report', 'six', '--model', 'smollm2', '--near-threshold', '0.7'], { environment: tiny.environment });
  expect(stepsOf(tiny)).toEqual({ report: { uses: 'report-dataset', with: { dataset: 'six', model: 'smollm2', nearDuplicateThreshold: 0.7 } } });
  expect(stdout).toBe('3 rows\nsplits: 3 train, 0 validation\n');
});

test('dataset show asks for rows of a split and a tag', async () => {
  const dataset = { name: 'six', version: 2, artifact: { ...report, mediaType: 'application/vnd.tunesmith.dataset.v1+folder' }, rows: 3, createdAt: '2026-11-21T12:00:00.000Z', report: {} };
  await using tiny = await TinyPlatform.start({ 'GET /v1/datasets/six': dataset, 'GET /v1/datasets/six/rows': [{ text: 'one' }] });
  await runCommand(['dataset', 'show', 'six:1'], { environment: tiny.environment });
  expect(tiny.seen('GET /v1/datasets/six')[0]!.query.get('version')).toBe('1');
  expect((await runCommand(['dataset', 'show', 'six:1', '--version', '2'], { environment: tiny.environment })).stderr).toContain('--version: expected the version once; got six:1 and --version 2');
  const { stdout } = await runCommand(['dataset', 'show', 'six', '--rows', '2', '--split', 'validation', '--tag', 'law'], { environment: tiny.environment });
  expect(Object.fromEntries(tiny.seen('GET /v1/datasets/six/rows')[0]!.query)).toMatchObject({ version: '2', limit: '2', split: 'validation', tag: 'law' });
  expect(stdout).toContain('{"text":"one"}');
});

test('dataset show writes rows whole where no terminal cuts them, and says where none fits', async () => {
  const dataset = { name: 'six', version: 2, artifact: { ...report, mediaType: 'application/vnd.tunesmith.dataset.v1+folder' }, rows: 3, createdAt: '2026-11-21T12:00:00.000Z', report: {} };
  const long = { text: 'word '.repeat(60) };
  await using tiny = await TinyPlatform.start({ 'GET /v1/datasets/six': dataset, 'GET /v1/datasets/six/rows': [long] });
  expect((await runCommand(['dataset', 'show', 'six', '--rows', '1'], { environment: tiny.environment })).stdout.split('\n')).toContain(JSON.stringify(long));
  await using none = await TinyPlatform.start({ 'GET /v1/datasets/six': dataset, 'GET /v1/datasets/six/rows': [] });
  expect((await runCommand(['dataset', 'show', 'six', '--rows', '1', '--split', 'train', '--tag', 'verse'], { environment: none.environment })).stdout).toContain('no row of the split train with the tag "verse"\n');
});

test('dataset push names the keys that say nothing', async () => {
  await using tiny = await TinyPlatform.start({ 'POST /v1/runs': sampleRun() });
  await runCommand(['dataset', 'push', 's3://bucket/rows.jsonl', '--name', 'six', '--ignore-key', 'source', '--ignore-key', 'score', '--detach'], { environment: tiny.environment });
  expect(stepsOf(tiny)).toMatchObject({ push: { uses: 'import-dataset', with: { path: 's3://bucket/rows.jsonl', name: 'six', ignoreKeys: ['source', 'score'] } } });
});

test.each([
  [['show', 'six@prod'], 'DATASET: expected name or name:version; got "six@prod"'],
  [['show', 'six:0'], 'DATASET: expected name or name:version; got "six:0"'],
  [['show', 'six', '--split', 'train'], '--split and --tag: expected --rows'],
  [['show', 'six', '--rows', '2', '--split', 'test'], 'Allowed choices are train, validation'],
  [['push', 'rows.jsonl', '--name', 'six', '--drop-duplicates', 'some'], 'Allowed choices are exact, near'],
  [['push', 'rows.jsonl', '--name', 'six', '--near-threshold', '2'], '--near-threshold'],
  [['diff', 'six'], 'right'],
])('dataset %j is wrong use', async (words, message) => {
  const { code, stderr } = await runCommand(['dataset', ...words]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
