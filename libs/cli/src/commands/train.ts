import { defineCommand, type CommandResult } from '../command.js';
import { domainReferences, domainSetting } from '../domains/train-domains.js';
import { UsageError } from '../errors.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveModel, resolveReference } from '../runs/references.js';
import { detached, jobCommand, runJob, type FinishedJob, type Job } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';
import { objectiveChoices } from '../train/objective-choices.js';
import { planResult } from '../train/plan-result.js';
import { resumeTraining, runToResume } from '../train/resume-training.js';
import { addTrainOptions, type TrainCommandOptions } from '../train/train-options.js';
import { placeReport } from '../train/place-report.js';
import { chosenSetting, expectTuningCombination, tuningSettings } from '../train/tuning-options.js';

export const train = defineCommand<[model: string | undefined], TrainCommandOptions>({
  configure: addTrainOptions,

  async run({ arguments: [model], options }, session) {
    if (options.model !== undefined) throw new UsageError('--model: expected the model as the first word; got an option', [`tunesmith train ${options.model} --dataset ${options.dataset ?? 'DATASET'}`]);
    if (options.resume !== undefined) return resume(session, model, options, options.resume);
    if (model === undefined || options.dataset === undefined) {
      const missing = [...(model === undefined ? ['MODEL'] : []), ...(options.dataset === undefined ? ['--dataset <dataset>'] : [])];
      throw new UsageError(`expected ${missing.join(' and ')}; got none`, ['tunesmith train MODEL --dataset FILE', 'tunesmith train --help']);
    }
    const settings = await settingsOf(options);
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { ...(await resolveModel(session, model, options.adapter)), dataset: await resolveReference(session, options.dataset, '--dataset') };
    if (options.teacher !== undefined) references['teacher'] = await resolveReference(session, options.teacher, '--teacher');
    const { settings: further, shares } = await domainReferences(session, options);
    const domains: StepSettings = shares === undefined ? {} : { domains: { ...(settings['domains'] as StepSettings), shares } };
    const job: Job = { name: 'train', uses: 'train', with: { ...settings, ...references, ...further, ...domains } };
    if (options.plan) return planResult(await runJob(session, { ...job, with: { ...job.with, plan: true } }));
    return jobCommand(session, job, options, (finished) => trained(session, finished, out));
  },
});

/** Settings that were given, checked against the schema of the step. */
async function settingsOf(options: TrainCommandOptions): Promise<StepSettings> {
  expectCombination(options);
  return stepSettings('train', {
    ...tuningSettings(options),
    objective: chosenSetting(objectiveChoices, options.objective, options, 'sft'),
    domains: await domainSetting(options),
    maxLength: { option: '--max-length', value: options.maxLength },
    longRows: { option: '--long-rows', value: options.longRows },
  });
}

function expectCombination(options: TrainCommandOptions): void {
  const { objective, teacher, plan, detach } = options;
  expectTuningCombination(options);
  if (teacher !== undefined && objective !== 'distill') throw new UsageError(`--teacher: expected --objective distill, which learns from one; got ${objective ?? 'sft'}`, ['--objective distill']);
  if (plan && detach) throw new UsageError('--plan and --detach: expected one of the two; a plan starts nothing');
}

async function resume(session: Session, model: string | undefined, options: TrainCommandOptions, given: string): Promise<CommandResult> {
  const { resume: _run, out, detach, wait: _wait, json: _json, ...others } = options as TrainCommandOptions & { readonly wait?: true; readonly json?: true };
  const further = [...(model === undefined ? [] : ['MODEL']), ...Object.keys(others).map((key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)];
  if (further.length > 0) throw new UsageError(`--resume: expected nothing else, because the run goes on as it was started; got ${further.join(', ')}`, [`tunesmith train --resume ${given}`]);
  if (detach && out !== undefined) throw new UsageError('--detach and --out: expected one of the two; the result can be copied when it exists');
  const folder = out === undefined ? undefined : expectEmptyFolder(out);
  const id = await runToResume(session, given);
  if (detach) return detached(await (await session.platform()).call('POST /v1/runs/{id}/resume', { parameters: { id } }));
  return trained(session, await resumeTraining(session, id), folder);
}

async function trained(session: Session, job: FinishedJob, out: string | undefined): Promise<CommandResult> {
  return placeReport(session, job, await artifactResult(session, job, ['adapter', 'model'], out), out);
}
