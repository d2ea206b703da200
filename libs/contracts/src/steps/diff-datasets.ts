import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { defineStepKind } from './step-kind.js';

export const DiffDatasetsSpec = z.strictObject({
  left: ArtifactRef.describe('The dataset before.'),
  right: ArtifactRef.describe('The dataset after.'),
  examples: z.int().min(0).max(1000).default(5).describe('How many rows of each kind of difference are shown.'),
});
export type DiffDatasetsSpec = z.infer<typeof DiffDatasetsSpec>;

export const diffDatasets = defineStepKind({
  name: 'diff-datasets',
  description: 'Says which rows two datasets share, and which were added, removed, answered otherwise or moved to the other split.',
  owner: 'synthesis',
  spec: DiffDatasetsSpec,
  references: { left: 'dataset', right: 'dataset' },
  outputs: { report: 'report' },
  events: defineJobEvents('dataset-diff', 'synthesis', DiffDatasetsSpec, 'Completed means that every row of both was compared; the counts and examples stand in the metrics.'),
  cacheable: true,
});
