import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const ReportDatasetSpec = z.strictObject({
  dataset: ArtifactRef.describe('The dataset that is described.'),
  model: ArtifactRef.optional().describe('Counts tokens and trained tokens under the tokenizer and template of this model.'),
  nearDuplicateThreshold: z.number().gt(0).max(1).default(0.8).describe('The share of common five-character runs from which two rows are near duplicates.'),
});
export type ReportDatasetSpec = z.infer<typeof ReportDatasetSpec>;

export const reportDataset = defineStepKind({
  name: 'report-dataset',
  description: 'Describes a dataset as it stands: lengths, duplicates, languages, tags, personal data, and tokens under a model.',
  owner: 'synthesis',
  spec: ReportDatasetSpec,
  references: { dataset: 'dataset', model: 'model' },
  outputs: { report: 'report' },
  events: defineJobEvents('dataset-report', 'synthesis', ReportDatasetSpec, 'Completed means that report.json describes every row; it stands in the metrics too.'),
  cacheable: true,
});
