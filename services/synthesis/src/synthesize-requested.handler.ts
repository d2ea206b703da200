import { join } from 'node:path';
import { JobMetrics, synthesize, type ArtifactRef, type InstructionsSpec, type ResponsesSpec, type SelfReplaySpec, type SynthesizeSpec } from '@tunesmith/contracts';
import type { CompletedRows, SynthesisReport, SynthesizeInstructionsOptions, SynthesizeResponsesOptions, TeacherSource } from '@tunesmith/generation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import { onlyFileIn } from './only-file-in.js';
import { teacherSource } from './teacher-source.js';

type AnsweringSpec = InstructionsSpec | ResponsesSpec;
type Answering = Omit<SynthesizeResponsesOptions, 'datasetFolder'>;

interface OutFolders {
  readonly outFolders: { readonly dataset: string; readonly report: string };
}

/** What a worker is given to have instructions made, or the questions of a dataset answered. */
export type SynthesizeInstructionsInput = SynthesizeInstructionsOptions & OutFolders;
export type SynthesizeResponsesInput = SynthesizeResponsesOptions & OutFolders;

/**
 * Makes a dataset of what a model says: completes rows that wait for an answer, or has a teacher make instructions and answers. What a teacher said
 * outlives an attempt, so that the next one goes on from there.
 */
@HandlesJob(synthesize)
export class SynthesizeRequestedHandler implements JobHandler<SynthesizeSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle(spec: SynthesizeSpec, job: RunningJob): Promise<JobResult> {
    return spec.kind === 'self-replay' ? this.completeRows(spec, job) : this.askTeacher(spec, job);
  }

  private async completeRows({ model, dataset, maxNewTokens, placeholders }: SelfReplaySpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ model, dataset }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'dataset');
    const { metrics } = await this.workers.run<CompletedRows>('completeRows', { modelFolder: inputs.model, datasetFolder: inputs.dataset, maxNewTokens, placeholders, outFolder }, job);
    return { outputs: { dataset: await this.artifacts.store(outFolder, 'dataset', job.signal) }, metrics: { ...metrics } };
  }

  private async askTeacher(spec: AnsweringSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>(referencesOf(spec), job.signal);
    await using scratch = await job.scratch();
    const outFolders = { dataset: join(scratch.path, 'dataset'), report: join(scratch.path, 'report') };
    const common = await this.answering(spec, inputs, { folder: await job.kept(), writer: `${job.jobId}.${job.epoch}` });
    const input: SynthesizeInstructionsInput | SynthesizeResponsesInput = { ...(spec.kind === 'instructions' ? await instructionsOptions(spec, common, inputs) : { ...common, datasetFolder: inputs['dataset']! }), outFolders };
    const elsewhere = [common.teacher, ...(common.judge ? [common.judge.model] : [])].every(({ kind }) => kind === 'address') ? 'Elsewhere' : '';
    const report = await this.workers.run<SynthesisReport>(`${spec.kind === 'instructions' ? 'synthesizeInstructions' : 'synthesizeResponses'}${elsewhere}`, input, job);
    const { dataset, ...metrics } = report;
    return {
      outputs: { dataset: await this.artifacts.store(outFolders.dataset, 'dataset', job.signal), report: await this.artifacts.store(outFolders.report, 'report', job.signal) },
      metrics: JobMetrics.parse({ ...dataset, ...metrics }),
    };
  }

  /** What both kinds are told. */
  private async answering(spec: AnsweringSpec, folders: Readonly<Record<string, string>>, journal: Answering['journal']): Promise<Answering> {
    const { seed, batch, source, validationShare, dtype, responses, filters, judgeKeeps } = spec;
    const teacher = await teacherSource({ model: spec.teacher, file: spec.teacherFile, address: spec.teacherAddress }, { model: folders['teacher'], file: folders['teacherFile'] }, dtype);
    const judge = await teacherSource({ model: spec.judge, file: spec.judgeFile, address: spec.judgeAddress }, { model: folders['judge'], file: folders['judgeFile'] }, dtype);
    // The schema has seen to it that there is a teacher.
    return { teacher: teacher as TeacherSource, ...(judge && { judge: { model: judge, keep: judgeKeeps } }), responses, filters: { ...filters, nearDuplicates: filters.nearDuplicates ?? undefined }, seed, batch, source, validationShare, journal, encoderFolder: folders['encoder'] };
  }
}

const referenceKeys = ['seeds', 'dataset', 'topics', 'encoder', 'teacher', 'teacherFile', 'judge', 'judgeFile'] as const;

function referencesOf(spec: AnsweringSpec): Record<string, ArtifactRef> {
  const given: Partial<Record<(typeof referenceKeys)[number], ArtifactRef | undefined>> = spec;
  return Object.fromEntries(referenceKeys.flatMap((key) => (given[key] ? [[key, given[key]]] : [])));
}

/** Requests that would do if every item were kept come four times, and some more, before a teacher is given up. */
async function instructionsOptions(spec: InstructionsSpec, common: Answering, folders: Readonly<Record<string, string>>): Promise<SynthesizeInstructionsOptions> {
  const { rows, items, examples, longestSeed, topicsPerRequest, topicFilter, instructions, topics } = spec;
  return {
    ...common,
    rows, items, examples, longestSeed, topicsPerRequest, instructions,
    seedsFolder: folders['seeds']!,
    mostRequests: spec.mostRequests ?? 4 * Math.ceil(rows / items) + 16,
    topicShare: spec.topicShare ?? (topics ? 0.5 : 0),
    ...(folders['topics'] !== undefined && { topics: { file: await onlyFileIn(folders['topics'], 'file of topics'), filter: topicFilter } }),
  };
}
