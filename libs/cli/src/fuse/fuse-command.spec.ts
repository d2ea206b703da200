import { createHash } from 'node:crypto';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, sampleStep } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

const refOf = (kind: string) => ({ digest: sampleDigest, size: 270_000_000, mediaType: `application/vnd.tunesmith.${kind}.v1+folder` });
const content = Buffer.from('{}');
const source = { crossEntropy: 1.25, weight: 0.75, fused: 0.9, fellBack: 0.1 };

/** A platform on which a run of these targets ends well. */
function platformWith(targets: readonly { fuse: string; train: string; model: string }[]): Promise<TinyPlatform> {
  const steps = targets.flatMap(({ fuse, train, model }) => [
    sampleStep({ name: fuse, uses: 'fuse', status: 'succeeded', outputs: { dataset: refOf('dataset'), report: refOf('report') }, metrics: { rows: 3, sources: [source] } }),
    sampleStep({ name: train, status: 'succeeded', outputs: { [model === train ? 'model' : 'adapter']: refOf('model') }, metrics: { loss: [2, 1] } }),
    ...(model === train ? [] : [sampleStep({ name: model, uses: 'merge', status: 'succeeded', outputs: { model: refOf('model') } })]),
  ]);
  return TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}`]: { mediaType: refOf('model').mediaType, files: [{ path: 'config.json', digest: `sha256:${createHash('sha256').update(content).digest('hex')}`, size: content.length }] },
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}/files/config.json`]: (_request, answer) => answer.end(content),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', sampleRun({ status: 'succeeded', steps }));
      answer.end();
    },
  });
}

async function fuse(line: string, targets = [{ fuse: 'fuse', train: 'train', model: 'fold' }]) {
  await using platform = await platformWith(targets);
  const { code, stdout, stderr } = await runCommand(['fuse', ...line.split(' ').filter(Boolean)], { environment: platform.environment });
  return { code, stdout, stderr, asked: code === 0 ? (platform.bodyOf('POST /v1/runs') as { name: string; steps: Record<string, { uses: string; needs: string[]; with: Record<string, unknown> }> }) : undefined };
}

test('one source: each model represents the dataset, then fuse, train, fold', async () => {
  const { code, stdout, asked } = await fuse('p --source a --dataset d');
  expect(code).toBe(0);
  expect(asked).toEqual({
    name: 'fuse', steps: {
      'represent-pivot': { uses: 'represent', needs: [], with: { model: 'p', pivot: 'p', dataset: 'd' } },
      'represent-1': { uses: 'represent', needs: [], with: { model: 'a', pivot: 'p', dataset: 'd' } },
      fuse: { uses: 'fuse', needs: ['represent-pivot', 'represent-1'], with: { dataset: 'd', pivot: '${{ steps.represent-pivot.distributions }}', sources: ['${{ steps.represent-1.distributions }}'] } },
      train: { uses: 'train', needs: ['fuse'], with: { model: 'p', dataset: '${{ steps.fuse.dataset }}', objective: { kind: 'distill', labelShare: 0.9 }, maxLength: 2048 } },
      fold: { uses: 'merge', needs: ['train'], with: { base: 'p', adapter: '${{ steps.train.adapter }}' } },
    },
  });
  expect(stdout).toContain(`model   ${sampleDigest}`);
  expect(stdout).toMatch(/1 +1 +1\.2500 +0\.7500 +0\.9000 +0\.1000/);
});

test('several sources: a target for each, or one of all', async () => {
  const pairwise = await fuse('p --source a --source b --dataset d --method full --json', [1, 2].map((target) => ({ fuse: `fuse-${target}`, train: `train-${target}`, model: `train-${target}` })));
  expect(Object.keys(pairwise.asked!.steps)).toEqual(['represent-pivot', 'represent-1', 'represent-2', 'fuse-1', 'train-1', 'fuse-2', 'train-2']);
  expect(pairwise.asked!.steps['fuse-2']!.with['sources']).toEqual(['${{ steps.represent-2.distributions }}']);
  const document = JSON.parse(pairwise.stdout) as { artifact: string; path: string; metrics: object; targets: object[] };
  expect(document).toMatchObject({ artifact: sampleDigest, metrics: { fuse: { rows: 3 }, train: { loss: [2, 1] } }, run: sampleRunId });
  expect(document.targets).toHaveLength(2);
  const one = await fuse('p --source a --source b --dataset d --method full --mode all-in-one', [{ fuse: 'fuse', train: 'train', model: 'train' }]);
  expect(one.asked!.steps['fuse']!.with['sources']).toEqual(['${{ steps.represent-1.distributions }}', '${{ steps.represent-2.distributions }}']);
});

test('settings go to the step that they belong to', async () => {
  const { asked } = await fuse(
    'p --source a --dataset d --top-k 20 --max-length 512 --long-rows drop --dtype float32 --evaluate-every 5 --fusion avg-ce --compare text --transfer fusellm-soft --vocabulary edit-distance --unmapped unknown --temperature 2 --examples 0 --mixing soft --reward mean --lr 5e-6 --epochs 3 --rank 4',
  );
  const { steps } = asked!;
  expect(steps['represent-1']!.with).toEqual({ model: 'a', pivot: 'p', dataset: 'd', topK: 20, maxLength: 512, longRows: 'drop', dtype: 'float32', splits: ['train', 'validation'] });
  expect(steps['fuse']!.with).toMatchObject({ fusion: 'avg-ce', compare: 'text', transfer: 'fusellm-soft', vocabulary: 'edit-distance', unmapped: 'unknown', temperature: 2, examples: 0, reward: 'mean' });
  expect(steps['train']!.with).toMatchObject({ method: { kind: 'lora', rank: 4 }, objective: { kind: 'distill', labelShare: 0.9, mixing: 'soft' }, learningRate: 5e-6, epochs: 3, evaluateEvery: 5, maxLength: 512, dtype: 'float32' });
});

test.each([
  ['p --dataset d', '--source'],
  ['p --source a', '--dataset'],
  ['p --source a --dataset d --vocabulary exact --score repo', '--score: expected --vocabulary statistics'],
  ['p --source a --dataset d --reward mean', '--reward: expected --mixing soft'],
  ['p --source a --dataset d --mixing soft --lambda 0.8', '--lambda and --mixing soft'],
  ['p --source a --dataset d --top-k 0', '--top-k'],
  ['p --source a --dataset d --lambda 2', '--lambda'],
  ['p --source a --dataset d --keep best', '--keep best: expected --evaluate-every'],
])('wrong use: fuse %s', async (line, message) => {
  const { code, stderr } = await fuse(line);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
});
