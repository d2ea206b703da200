import { join } from 'node:path';
import type { JobMetrics, RunView, StepView } from '@tunesmith/contracts';
import { defineCommand, type CommandResult } from '../command.js';
import { CommandError, UsageError } from '../errors.js';
import { addFuseOptions, usualLambda, type FuseCommandOptions } from '../fuse/fuse-options.js';
import { fuseSteps, type TargetSteps } from '../fuse/fuse-steps.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { detached } from '../runs/run-job.js';
import { stepSettings } from '../runs/step-settings.js';
import { expectSuccess, startAndWait } from '../runs/wait-for-run.js';
import type { Session } from '../session.js';
import { formatBytes, formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';
import { expectTuningCombination, tuningSettings } from '../train/tuning-options.js';

/** Methods whose result is a model; of the others it is an adapter. */
const wholeModels = ['full', 'freeze', 'lisa', 'galore'];

export const fuse = defineCommand<[pivot: string], FuseCommandOptions>({
  configure: addFuseOptions,

  async run({ arguments: [pivot], options }, session) {
    if (options.detach && options.out !== undefined) throw new UsageError('--detach and --out: expected one of the two; the result can be copied when it exists', [`tunesmith model export DIGEST --out ${options.out}`]);
    const settings = await settingsOf(options);
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const sources: string[] = [];
    for (const source of options.source) sources.push(await resolveReference(session, source, '--source'));
    const { steps, targets } = fuseSteps({
      ...settings, sources, pivot: await resolveReference(session, pivot, 'PIVOT'), dataset: await resolveReference(session, options.dataset, '--dataset'),
      mode: options.mode ?? 'pairwise', makesAdapter: !wholeModels.includes(options.method ?? 'lora'),
    });
    const request = { name: 'fuse', steps };
    if (options.detach) return detached(await (await session.platform()).call('POST /v1/runs', { body: request }));
    return fused(session, expectSuccess(await startAndWait(session, request)), targets, out);
  },
});

/** Settings that were given, each checked against the schema of its step. */
async function settingsOf(options: FuseCommandOptions) {
  expectTuningCombination(options);
  if (options.score !== undefined && (options.vocabulary ?? 'statistics') !== 'statistics') throw new UsageError(`--score: expected --vocabulary statistics, whose candidates it ranks; got ${options.vocabulary}`, ['--vocabulary statistics']);
  if (options.reward !== undefined && options.mixing !== 'soft') throw new UsageError(`--reward: expected --mixing soft, which follows it; got ${options.mixing ?? 'hard'}`, ['--mixing soft']);
  if (options.lambda !== undefined && options.mixing === 'soft') throw new UsageError('--lambda and --mixing soft: expected one of the two; the weight of each row follows from how well the models knew it');
  return {
    represent: await stepSettings('represent', {
      topK: { option: '--top-k', value: options.topK },
      maxLength: { option: '--max-length', value: options.maxLength },
      longRows: { option: '--long-rows', value: options.longRows },
      dtype: { option: '--dtype', value: options.dtype },
      splits: { option: '--evaluate-every', value: options.evaluateEvery === undefined ? undefined : ['train', 'validation'] },
    }),
    fuse: await stepSettings('fuse', {
      fusion: { option: '--fusion', value: options.fusion },
      compare: { option: '--compare', value: options.compare },
      transfer: { option: '--transfer', value: options.transfer },
      vocabulary: { option: '--vocabulary', value: options.vocabulary },
      score: { option: '--score', value: options.score },
      unmapped: { option: '--unmapped', value: options.unmapped },
      temperature: { option: '--temperature', value: options.temperature },
      reward: { option: '--reward', value: options.reward },
      examples: { option: '--examples', value: options.examples },
    }),
    train: await stepSettings('train', {
      ...tuningSettings(options),
      objective: { option: '--lambda', value: { kind: 'distill', labelShare: options.lambda ?? usualLambda, ...(options.mixing === undefined ? {} : { mixing: options.mixing }) } },
      maxLength: { option: '--max-length', value: options.maxLength ?? 2048 },
    }),
  };
}

/** What is shown of each source's part. */
const shareNames = ['crossEntropy', 'weight', 'fused', 'fellBack'];

interface PlacedTarget {
  readonly artifact: string;
  readonly path: string | null;
  readonly report: { readonly artifact: string; readonly path: string | null };
  readonly metrics: JobMetrics;
}

/** `{"artifact","path","metrics"}` of the first target, and in `targets` each. */
async function fused(session: Session, run: RunView, targets: readonly TargetSteps[], out: string | undefined): Promise<CommandResult> {
  const placed: PlacedTarget[] = [];
  const lines: string[] = [];
  const rows: string[][] = [];
  for (const [index, target] of targets.entries()) {
    const folder = out === undefined || targets.length === 1 ? out : join(out, `target-${index + 1}`);
    const fuse = stepOf(run, target.fuse);
    const model = outputOf({ run, step: stepOf(run, target.model) }, 'model');
    const report = outputOf({ run, step: fuse }, 'report');
    const path = await placeResult(session, model, folder);
    const reportPath = await placeResult(session, report, folder === undefined ? undefined : join(folder, 'report'));
    const metrics = { fuse: fuse.metrics, train: stepOf(run, target.train).metrics };
    placed.push({ artifact: model.digest, path, report: { artifact: report.digest, path: reportPath }, metrics });
    const { sources = [] } = fuse.metrics as { sources?: readonly Record<string, number>[] };
    for (const [source, shares] of sources.entries()) rows.push([index + 1, source + 1].map(String).concat(shareNames.map((name) => formatNumber(shares[name]!))));
    lines.push(`model   ${model.digest}  ${formatBytes(model.size)}${path ? `  ${path}` : ''}`, `report  ${report.digest}${reportPath ? `  ${reportPath}` : ''}`);
  }
  const [first] = placed as [PlacedTarget];
  return {
    document: { artifact: first.artifact, path: first.path, metrics: first.metrics, report: first.report, targets: placed, run: run.id },
    lines: [
      ...lines, ...table(['TARGET', 'SOURCE', 'CROSS-ENTROPY', 'WEIGHT', 'FUSED', 'FELL BACK'], rows, ['CROSS-ENTROPY', 'WEIGHT', 'FUSED', 'FELL BACK']),
      ...(out === undefined ? [`copy the files: tunesmith model export ${first.artifact} --out DIR`] : []),
    ],
  };
}

function stepOf(run: RunView, name: string): StepView {
  const step = run.steps.find((each) => each.name === name);
  if (step) return step;
  throw new CommandError({ message: `expected run ${run.id} to have the step ${name}; it has ${run.steps.map((each) => each.name).join(', ')}`, code: 'unexpected-answer' });
}
