import { ArtifactRef, DatasetRegistered, type Digest, type StepKind } from '@tunesmith/contracts';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { DatasetsRepository } from '../datasets/datasets.repository.js';
import { ModelsRepository } from '../models/models.repository.js';
import { upsertRow } from '../rows.js';
import { referencesIn } from './check-steps.js';
import type { Json } from './expression.js';
import type { Ledger } from './ledger.js';
import type { RunStepEntity } from './run-step.entity.js';
import { StepResultEntity } from './step-result.entity.js';

/**
 * Notes what a step made: its artifacts with their parents, the version that an import registers, and the result for later runs of the
 * same step. The step already holds its outputs and metrics.
 */
export async function recordResult(step: RunStepEntity, kind: StepKind, ledger: Ledger): Promise<void> {
  const { transaction } = ledger;
  const artifacts = new ArtifactsRepository(transaction, step.project);
  const parents = parentsOf(step, kind);
  const family = await familyOf(step, parents, artifacts);
  for (const artifact of Object.values(step.outputs)) await artifacts.record(artifact, family, parents, { runId: step.runId, step: step.name });
  if (step.cacheKey !== null && !step.cached) {
    const { project, cacheKey, outputs, metrics, runId, name } = step;
    await upsertRow(transaction, StepResultEntity, { project, cacheKey, outputs, metrics, runId, step: name, createdAt: new Date().toISOString() }, ['project', 'cacheKey']);
  }
  // After the cache: a name belongs to this run, not to the result.
  if (kind.name === 'import-model') await registerModel(step, family, ledger);
  if (kind.name === 'import-dataset' || kind.name === 'synthesize') await registerDataset(step, ledger);
}

/** The artifacts that a step was given, by the key that it was given them under; null is what another step could not make. */
function parentsOf(step: RunStepEntity, kind: StepKind): { role: string; digest: Digest }[] {
  return [...Object.keys(kind.references), 'upload'].flatMap((role) => referencesIn(step.spec?.[role]).flatMap((reference) => (reference === null ? [] : [{ role, digest: ArtifactRef.parse(reference).digest }])));
}

/** What the job reports, else what the first parent with a family is, else what is known of the same bytes. */
async function familyOf(step: RunStepEntity, parents: readonly { digest: string }[], artifacts: ArtifactsRepository): Promise<string | null> {
  const reported = step.metrics['family'];
  if (typeof reported === 'string') return reported;
  for (const { digest } of [...parents, ...Object.values(step.outputs)]) {
    const family = (await artifacts.find(digest))?.family;
    if (family) return family;
  }
  return null;
}

async function registerModel(step: RunStepEntity, family: string | null, { transaction }: Ledger): Promise<void> {
  const { name, alias } = step.spec ?? {};
  const artifact = step.outputs['model'] ?? step.outputs['adapter'];
  if (typeof name !== 'string' || !artifact) return;
  const models = new ModelsRepository(transaction, step.project);
  const version = await models.register(name, artifact, family ?? 'unknown', step.runId);
  if (typeof alias === 'string') await models.setAlias(name, alias, version, step.runId);
  step.metrics = { ...step.metrics, name, version };
}

async function registerDataset(step: RunStepEntity, { transaction, send }: Ledger): Promise<void> {
  const name = step.spec?.['name'];
  const artifact = step.outputs['dataset'];
  if (typeof name !== 'string' || !artifact) return;
  const { rows, ...report } = step.metrics;
  const count = typeof rows === 'number' ? rows : 0;
  const registered = await new DatasetsRepository(transaction, step.project).register(name, artifact, count, report as Record<string, Json>, step.runId);
  step.metrics = { ...step.metrics, name, version: registered.version };
  await send(DatasetRegistered, { datasetId: registered.id, name, version: registered.version, artifact, rows: count }, { id: registered.id, project: step.project });
}
