import { join } from 'node:path';
import { assess, JobMetrics, type AssessmentFormSpec, type AssessmentGradesSpec, type AssessSpec } from '@tunesmith/contracts';
import type { AssessmentReport, MadeForm, MakeAssessmentFormOptions } from '@tunesmith/generation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** What a worker is given to make a form, and to read grades. */
export type MakeFormInput = MakeAssessmentFormOptions & { readonly outFolder: string };
export interface ReadGradesInput {
  readonly formFolder: string;
  readonly gradesFolder: string;
  readonly outFolder: string;
}

/** LaMini-LM's form: questions of models, and rows of each origin. */
const usualItems = { models: 114, rows: 20 };

/** Makes a form in which people grade answers blindly, or reads the grades that they handed in. */
@HandlesJob(assess)
export class AssessRequestedHandler implements JobHandler<AssessSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle(spec: AssessSpec, job: RunningJob): Promise<JobResult> {
    return spec.kind === 'form' ? this.makeForm(spec, job) : this.readGrades(spec, job);
  }

  private async makeForm({ dataset, models, labels, items, maxNewTokens, seed, title, dtype }: AssessmentFormSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ dataset }, job.signal);
    await using staged = await this.artifacts.stageList(models, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'form');
    const input: MakeFormInput = {
      models: models.map(({ digest }, place) => ({ label: labels[place] ?? digest.slice(0, 19), folder: staged.folders[place]! })),
      datasetFolder: inputs.dataset, items: items ?? (models.length > 0 ? usualItems.models : usualItems.rows), maxNewTokens, seed, title, dtype, outFolder,
    };
    const made = await this.workers.run<MadeForm>('makeAssessmentForm', input, job);
    return { outputs: { form: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: JobMetrics.parse(made) };
  }

  private async readGrades({ form, grades }: AssessmentGradesSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ form, grades }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'assessment');
    const report = await this.workers.run<AssessmentReport>('readAssessment', { formFolder: inputs.form, gradesFolder: inputs.grades, outFolder } satisfies ReadGradesInput, job);
    return { outputs: { assessment: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: JobMetrics.parse(report) };
  }
}
