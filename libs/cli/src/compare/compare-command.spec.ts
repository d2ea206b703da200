import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'compare-command-'))));
afterAll(() => rm(folder, { recursive: true }));

const rows = [
  { label: 'untuned', runs: 1, metrics: { 'qa.acc': { mean: 0.25, deviation: null } }, cost: {}, failures: [] },
  { label: 'lora', runs: 2, metrics: { 'qa.acc': { mean: 0.5, deviation: 0.125 } }, cost: { trainableParameters: 2_000_000, trainableShare: 0.0134, peakMemoryBytes: 1048576, rowsPerSecond: 2.5, processorSecondsPerRow: 0.75, finalLoss: 1.5 }, failures: [] },
  { label: 'full', runs: 0, metrics: {}, cost: {}, failures: [{ label: 'full-seed1', error: 'loss NaN' }] },
];

async function compared(yaml: string, ...words: string[]) {
  const file = join(folder, 'methods.yaml');
  await writeFile(file, yaml);
  await using platform = await TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}/files/comparison.json`]: { rows },
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'compare', uses: 'compare', outputs: { comparison: { digest: sampleDigest, size: 1, mediaType: 'application/vnd.tunesmith.report.v1+folder' } }, metrics: { untuned: { 'qa.acc': 0.25 }, lora: { 'qa.acc': 0.5 }, full: {} } }));
      answer.end();
    },
  });
  const result = await runCommand(['compare', file, ...words], { environment: platform.environment });
  type Asked = { steps: Record<string, { uses: string; mayFail?: true; needs: string[]; with: Record<string, unknown> }> };
  return { ...result, steps: platform.seen('POST /v1/runs').length > 0 ? (platform.bodyOf('POST /v1/runs') as Asked).steps : undefined };
}

const whole = `
title: ways
model: smollm2@prod
dataset: helpdesk
methods:
  full: { lr: 1e-5, packing: true }
  lora+:
  small: { method: dora, rank: 2 }
settings: { steps: 3, batch: 4, lr: 1e-4 }
seeds: [1, 2]
tasks: [mmlu, { kind: loss, name: law, tag: law }]
evaluation: { limit: 5 }
metrics: [qa.acc]
baseline: untuned
`;

test('each method is tuned with each seed and evaluated, with its own settings over the shared ones; compare comes last', async () => {
  const { code, stderr, stdout, steps } = await compared(whole);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const labels = ['full', 'lora-plus', 'small'].flatMap((name) => [`${name}-seed1`, `${name}-seed2`]);
  expect(Object.keys(steps!).filter((name) => name.startsWith('tune.'))).toEqual(labels.map((label) => `tune.${label}`));
  const rowsOf = { model: 'smollm2@prod', dataset: 'helpdesk' };
  expect(steps!['tune.full-seed2']).toEqual({ uses: 'train', mayFail: true, needs: ['evaluate.untuned'], with: { ...rowsOf, steps: 3, batch: 4, learningRate: 1e-5, packing: true, seed: 2, method: { kind: 'full' } } });
  expect(steps!['tune.lora-plus-seed1']!.with).toEqual({ ...rowsOf, steps: 3, batch: 4, learningRate: 1e-4, seed: 1, method: { kind: 'lora', learningRateRatio: 16 } });
  expect(steps!['tune.small-seed1']!.with['method']).toEqual({ kind: 'lora', decomposed: true, rank: 2 });
  const asked = { dataset: 'helpdesk', tasks: [{ kind: 'loss', name: 'law', tag: 'law' }], definitions: '${{ steps.import-tasks.tasks }}', limit: 5 };
  expect(steps!['evaluate.untuned']).toEqual({ uses: 'evaluate', needs: ['import-tasks'], with: { model: 'smollm2@prod', ...asked } });
  expect(steps!['evaluate.full-seed1']).toEqual({ uses: 'evaluate', mayFail: true, needs: ['tune.full-seed1', 'import-tasks'], with: { model: '${{ steps.tune.full-seed1.model }}', ...asked } });
  // An adapter is evaluated beside the model: nothing is folded.
  expect(steps!['evaluate.small-seed2']).toMatchObject({ needs: ['tune.small-seed2', 'import-tasks'], with: { model: 'smollm2@prod', adapter: '${{ steps.tune.small-seed2.adapter }}' } });
  expect(steps!['compare']!.with).toEqual({
    title: 'ways', labels: ['untuned', ...labels], metrics: ['qa.acc'], baseline: 'untuned', evaluations: ['untuned', ...labels].map((label) => `\${{ steps.evaluate.${label}.evaluation }}`),
    reports: [null, ...labels.map((label) => `\${{ steps.tune.${label}.report }}`)], errors: [null, ...labels.map((label) => `\${{ steps.evaluate.${label}.error }}`)],
  });
  expect(stdout.split('\n').slice(0, 5)).toEqual([
    'METHOD   RUNS  TRAINABLE   SHARE  MEMORY  ROWS/S  CPU S/ROW  FINAL LOSS           qa.acc',
    'untuned     1                                                                     0.2500',
    'lora        2         2M  1.34 %  1.0 MB  2.5000     0.7500      1.5000  0.5000 ± 0.1250',
    'full        0',
    'full-seed1 failed: loss NaN',
  ]);
});

test('rows that wait for an answer are answered first, and a list of names is enough', async () => {
  const { code, steps } = await compared('model: m\ndataset: d\nreplay: { placeholders: { NAME: x } }\nmethods: [LoRA, full]\ntasks: [{ kind: loss, name: law, tag: law }]\n'.replace('LoRA', 'lora'));
  expect(code).toBe(0);
  expect(Object.keys(steps!)).toEqual(['replay', 'evaluate.untuned', 'tune.lora', 'evaluate.lora', 'tune.full', 'evaluate.full', 'compare']);
  expect(steps!['replay']!.with).toEqual({ kind: 'self-replay', placeholders: { NAME: 'x' }, model: 'm', dataset: 'd' });
  expect(steps!['tune.full']).toMatchObject({ needs: ['evaluate.untuned', 'replay'], with: { dataset: '${{ steps.replay.dataset }}' } });
});

test.each([
  ['no YAML', 'model: [', /:1: expected YAML/],
  ['a key that there is none of', `${whole}what: 1\n`, /:15: what: unknown key; expected one of title, model/],
  ['no tasks', whole.replace(/tasks.*\n/, ''), /:1: tasks: /],
  ['a task of no kind', whole.replace('kind: loss', 'kind: los'), /:11: tasks\.1: expected the name of a task, a YAML file, or \{kind, name, tag\}/],
  ['a method that there is none of', whole.replace('full:', 'ful:'), /:6: methods\.ful: expected one of lora, .*got "ful"/],
  ['a name without a method', whole.replace('method: dora', 'method: d'), /:8: methods\.small\.method: expected one of .*got "d"/],
  ['a setting of another method', whole.replace('packing: true', 'rank: 2'), /:6: methods\.full\.rank: unknown key; the method takes freeze, train, and the train step takes .*learningRate/],
  ['a value that does not fit', whole.replace('rank: 2', 'rank: 0'), /:8: methods\.small\.rank: .*got 0/],
  ['a shared value that does not fit', whole.replace('steps: 3', 'steps: many'), /:9: settings\.steps: .*got "many"/],
  ['a seed among the settings', whole.replace('steps: 3', 'seed: 3'), /:9: settings\.seed: unknown key.*seeds stand at the top/],
  ['one setting under two names', whole.replace('steps: 3', 'learningRate: 1'), /:9: settings\.lr: expected learningRate once/],
  ['equal seeds', whole.replace('[1, 2]', '[1, 1]'), /:10: seeds: expected seeds that differ/],
  ['a setting of evaluations that there is none of', whole.replace('limit: 5', 'limits: 5'), /:12: evaluation\.limits: unknown key; the evaluate step takes .*limit/],
  ['a name that is taken', whole.replace('small:', 'untuned:'), /:8: methods\.untuned: expected a name of its own/],
  ['a baseline that is no row', whole.replace('baseline: untuned', 'baseline: x'), /:14: baseline: expected one of untuned, full, lora-plus, small; got "x"/],
])('%s is wrong use, with the line', async (_what, yaml, message) => {
  const { code, stderr, steps } = await compared(yaml);
  expect({ code, steps, stderr }).toEqual({ code: 2, steps: undefined, stderr: expect.stringMatching(message) });
});

test('several mistakes are told together, a file that is not there alone', async () => {
  expect((await compared(whole.replace('steps: 3', 'steps: 0').replace('rank: 2', 'rank: 0'))).stderr.match(/methods\.yaml:\d+/g)).toHaveLength(2);
  expect(await runCommand(['compare', join(folder, 'none.yaml')], { environment: {} })).toMatchObject({ code: 1, stderr: expect.stringContaining('expected a comparison at') as string });
});
