import type { ArtifactRef, ModelView, ModelVersionView } from '@tunesmith/contracts';
import type { PlatformClient } from '../client/platform-client.js';
import { CommandError, UsageError } from '../errors.js';
import type { FinishedJob } from './run-job.js';

/** The artifact that a finished job made under this name. */
export function outputOf(job: FinishedJob, name: string): ArtifactRef {
  const artifact = job.step.outputs[name];
  if (artifact) return artifact;
  throw new CommandError({ message: `expected the step ${job.step.name} of run ${job.run.id} to have made "${name}"; it made ${Object.keys(job.step.outputs).join(', ') || 'nothing'}`, code: 'output-missing' });
}

const wholeLength = 'sha256:'.length + 64;

/** `name`, `name@alias` or `name:version`. */
export interface ModelReference {
  readonly name: string;
  readonly alias?: string;
  readonly version?: number;
}

export function parseModelReference(text: string): ModelReference {
  const reference = readReference(text);
  if (!reference) throw new UsageError(`MODEL: expected name, name@alias or name:version; got "${text}"`, ['tunesmith model list']);
  return reference;
}

/** `name` or `name:version`: datasets have no aliases. */
export function parseDatasetReference(text: string): Pick<ModelReference, 'name' | 'version'> {
  const reference = readReference(text);
  if (!reference || reference.alias !== undefined) throw new UsageError(`DATASET: expected name or name:version; got "${text}"`, ['tunesmith dataset list']);
  return reference;
}

function readReference(text: string): ModelReference | undefined {
  const match = /^([^@:/]+)(?:@([^@:/]+)|:([1-9][0-9]*))?$/.exec(text);
  if (!match) return undefined;
  const [, name, alias, version] = match;
  return { name: name!, ...(alias === undefined ? {} : { alias }), ...(version === undefined ? {} : { version: Number(version) }) };
}

/** The version that a reference names: the one given, the one that the alias points at, else the latest. */
export async function findModelVersion(platform: PlatformClient, reference: ModelReference): Promise<ModelVersionView> {
  const model = await platform.call('GET /v1/models/{name}', { parameters: { name: reference.name } });
  const wanted = reference.version ?? (reference.alias === undefined ? latestVersion(model) : model.aliases[reference.alias]);
  if (wanted === undefined) {
    throw new CommandError({
      message: `expected the model ${model.name} to have the alias "${reference.alias}"; it has ${Object.keys(model.aliases).join(', ') || 'none'}`,
      code: 'alias-unknown',
      attempts: [`tunesmith model promote ${model.name}:${latestVersion(model)} --alias ${reference.alias}`],
    });
  }
  const version = model.versions.find((each) => each.version === wanted);
  if (!version) {
    throw new CommandError({ message: `expected the model ${model.name} to have version ${wanted}; it has ${model.versions.map((each) => each.version).join(', ')}`, code: 'version-unknown', attempts: [`tunesmith model show ${model.name}`] });
  }
  return version;
}

/** The digest that a reference stands for, or a digest, which may be shortened. */
export async function findModelDigest(platform: PlatformClient, text: string): Promise<string> {
  if (text.startsWith('sha256:')) return text.length === wholeLength ? text : (await platform.call('GET /v1/lineage/{digest}', { parameters: { digest: text } })).digest;
  return (await findModelVersion(platform, parseModelReference(text))).artifact.digest;
}

function latestVersion(model: ModelView): number {
  return Math.max(...model.versions.map((each) => each.version));
}
