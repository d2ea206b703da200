import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { Id, Name } from '../ids.js';
import { defineEvent } from './event.js';

export const DatasetRegistered = defineEvent({
  subject: 'dataset.registered.v1', kind: 'fact', owner: 'registry',
  description:
    'Sent by the registry when a dataset version exists: imported, validated and stored. The registry itself starts every recipe whose trigger matches.',
  payload: z.strictObject({ datasetId: Id, name: Name, version: z.int().positive(), artifact: ArtifactRef, rows: z.int().nonnegative() }),
});
