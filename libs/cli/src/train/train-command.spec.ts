import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, sampleStep, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

const events = `GET /v1/runs/${sampleRunId}/events`;
const refOf = (kind: string) => ({ digest: sampleDigest, size: 4_700_000, mediaType: `application/vnd.tunesmith.${kind}.v1+folder` });

function platformWith(step: Parameters<typeof succeededRun>[0], routes: Parameters<typeof TinyPlatform.start>[0] = {}): Promise<TinyPlatform> {
  return TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [events]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun(step));
      answer.end();
    },
    ...routes,
  });
}

/** What the command asks the platform for. */
async function settingsOf(line: string): Promise<unknown> {
  await using platform = await platformWith({ outputs: { adapter: refOf('adapter') } });
  const { code, stderr } = await runCommand(['train', 'm', '--dataset', 'd', ...line.split(' ').filter(Boolean)], { environment: platform.environment });
  if (code !== 0) throw new Error(stderr);
  return (platform.bodyOf('POST /v1/runs') as { steps: { train: { with: object } } }).steps.train.with;
}

test.each([
  ['', {}],
  ['--method lora --rank 8 --max-length 1024 --batch 4 --steps 20 --lr 1e-4 --seed 1', { method: { kind: 'lora', rank: 8 }, maxLength: 1024, batch: 4, steps: 20, learningRate: 1e-4, seed: 1 }],
  ['--method dora --alpha 4 --target-module q_proj', { method: { kind: 'lora', decomposed: true, alpha: 4, targetModules: ['q_proj'] } }],
  ['--adapter tuned@prod --rank 4', { adapter: 'tuned@prod', method: { kind: 'lora', rank: 4 } }],
  ['--method lora-plus', { method: { kind: 'lora', learningRateRatio: 16 } }],
  ['--method qlora --base int8', { method: { kind: 'lora', base: 'int8' } }],
  ['--method adalora --rank 4 --initial-rank 6', { method: { kind: 'adalora', targetRank: 4, initialRank: 6 } }],
  ['--method freeze --freeze embed --freeze norm', { method: { kind: 'full', freeze: ['embed', 'norm'] } }],
  ['--method lisa --layers 3', { method: { kind: 'lisa', layers: 3 } }],
  ['--loss-scale last_round+react', { objective: { kind: 'sft', lossScale: 'last_round+react' } }],
  ['--loss-scale {"SQL:":[1,3],"<b>.*":[0]}', { objective: { kind: 'sft', lossScale: { 'SQL:': [1, 3], '<b>.*': [0] } } }],
  ['--objective dpo --beta 0.2', { objective: { kind: 'dpo', beta: 0.2 } }],
  ['--objective distill --teacher t --top-k 20', { objective: { kind: 'distill', topK: 20 }, teacher: 't' }],
  ['--optimizer muon --momentum 0.9', { optimizer: { kind: 'muon', momentum: 0.9 } }],
  ['--weight-decay 0.1', { optimizer: { kind: 'adamw', weightDecay: 0.1 } }],
  ['--evaluate-every 10 --patience 3 --keep best --save-every 5 --packing --long-rows split --accumulate 2 --warmup-steps 0 --neftune 5 --order file',
    { evaluateEvery: 10, patience: 3, keep: 'best', saveEvery: 5, packing: true, longRows: 'split', accumulate: 2, warmupSteps: 0, neftuneAlpha: 5, order: 'file' }],
  ['--domain-weights uniform --domain-schedule fostering --update exponential --score difference --evaluate-every 5 --domain law --domain code --round-tokens 900 --held-out-rows 8 --reference-loss law=1.2,code=0.9',
    { domains: { names: ['law', 'code'], weights: 'uniform', schedule: { kind: 'fostering', update: 'exponential', score: 'difference' }, roundTokens: 900, heldOutRows: 8, referenceLosses: { law: 1.2, code: 0.9 } }, evaluateEvery: 5 }],
  [`--domain-weights detected --detection ${sampleDigest} --domain-schedule expansion --target-domain law --delta 0.2 --evaluate-every 5 --reference-report ${sampleDigest}`,
    { domains: { weights: 'detected', schedule: { kind: 'expansion', target: 'law', delta: 0.2 } }, detection: sampleDigest, referenceReports: [sampleDigest], evaluateEvery: 5 }],
])('train m --dataset d %s', async (line, expected) => {
  expect(await settingsOf(line)).toEqual({ model: 'm', dataset: 'd', ...expected });
});

test('a plan is a job that only says what the training would take', async () => {
  const metrics = {
    steps: 40, epochs: 2, rows: 160, tokens: 26_560, tokensPerStep: 664, largestPassTokens: 900, trainableParameters: 4_884_480, totalParameters: 139_000_000,
    predictedPeakMemoryBytes: 1.5 * 2 ** 30, memoryParts: { weights: 2 ** 30, activations: 2 ** 29 }, predictedSeconds: 65, predictedTokensPerSecond: 408.6, evaluations: 2, predictedEvaluationSeconds: 5,
  };
  await using platform = await platformWith({ metrics });
  const { code, stdout } = await runCommand(['train', 'm', '--dataset', 'd', '--plan'], { environment: platform.environment });
  expect(platform.bodyOf('POST /v1/runs')).toMatchObject({ steps: { train: { with: { plan: true } } } });
  expect(code).toBe(0);
  expect(stdout).toContain('40, 2 epochs of 160 rows');
  expect(stdout).toContain('4.88M learn of 139M');
  expect(stdout).toContain('1.5 GB = weights 1.0 GB + activations 512 MB');
  expect(stdout).toContain('1:05 at 409 tokens/s, 5.0 s of it for 2 evaluations');
  await using again = await platformWith({ metrics });
  expect(JSON.parse((await runCommand(['train', 'm', '--dataset', 'd', '--plan', '--json'], { environment: again.environment })).stdout)).toEqual({ ...metrics, run: sampleRunId });
});

test('--resume latest goes on with the newest training that did not end well', async () => {
  const failed = sampleRun({ status: 'failed', steps: [sampleStep({ status: 'failed' })] });
  const planned = sampleRun({ id: '0194d3f0-0000-7000-8000-0000000000aa', status: 'failed', steps: [sampleStep({ status: 'failed', inputs: { plan: true } })] });
  const resume = `POST /v1/runs/${sampleRunId}/resume`;
  await using platform = await platformWith({ outputs: { adapter: refOf('adapter'), report: refOf('report') }, metrics: { loss: [2, 1] } }, { 'GET /v1/runs': [planned, failed], [resume]: sampleRun() });
  const { code, stdout } = await runCommand(['train', '--resume', 'latest'], { environment: platform.environment });
  expect(platform.seen(resume)).toHaveLength(1);
  expect(stdout).toContain(`adapter  ${sampleDigest}`);
  expect(stdout).toContain(`see the loss: tunesmith model export ${sampleDigest} --out DIR`);
  expect(code).toBe(0);

  await using empty = await platformWith({}, { 'GET /v1/runs': [] });
  expect((await runCommand(['train', '--resume', 'latest'], { environment: empty.environment })).stderr).toContain('expected a training that failed or was cancelled; there is none');
});

test.each([
  ['--loss-scale {"SQL:":', '--loss-scale'],
  ['--loss-scale {"SQL:":[1,2,3]}', '--loss-scale: '],
  ['--domain-schedule fostering', 'expected --domain-weights'],
  ['--domain-weights uniform', 'expected --evaluate-every'],
  ['--domain-weights law=0.5,code=0.6 --evaluate-every 2', 'sum to 1.1'],
  ['--domain-weights inverse --evaluate-every 2', 'expected --detection'],
  ['--domain-weights uniform --evaluate-every 2 --delta 0.1', 'expected none of --delta'],
  ['--domain-weights uniform --evaluate-every 2 --domain-schedule expansion', 'expected --target-domain'],
  ['--domain-weights uniform --evaluate-every 2 --domain-schedule expansion --target-domain law', 'expected what held-out losses could come down to'],
  ['--domain-weights uniform --evaluate-every 2 --domain-schedule fostering', '--update exponential, which goes by losses alone'],
  ['--domain-weights uniform --evaluate-every 2 --domain-schedule fostering --update exponential --sigma 1', '--sigma: expected --update multiplicative'],
  ['--domain-weights uniform --evaluate-every 2 --domain-schedule fostering --score loss', '--score: expected --update exponential'],
  ['--domain-weights uniform --evaluate-every 2 --domain-schedule expansion --target-domain law --reference-model m --delta 2', '--delta: expected a number below 1; got 2'],
  ['--domain-weights uniform --evaluate-every 2 --reference-loss law=1 --reference-model m', 'one of the three'],
])('train m --dataset d %s is wrong use', async (line, message) => {
  const { code, stderr } = await runCommand(['train', 'm', '--dataset', 'd', ...line.split(' ')]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
