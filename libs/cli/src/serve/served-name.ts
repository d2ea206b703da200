import { statSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { outputOf } from '../runs/artifact-of.js';
import { isPath, providePath, resolveModel, resolveReference } from '../runs/references.js';
import { runJob } from '../runs/run-job.js';
import type { StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';

/** How a model is to be computed: `model` (its own weights), `bfloat16`, `float32`, or what it was quantized to. */
export function withFormat(reference: string, format: string | undefined): string {
  if (format === undefined || format === 'model') return reference;
  if (reference.includes('#')) throw new UsageError(`--format: expected the format once; got ${reference} and ${format}`);
  return `${reference}#${format}`;
}

/** Whether a path holds GGUF files or ONNX graphs rather than weights of a model. */
export function holdsQuantized(path: string): boolean {
  if (/\.(gguf|onnx)$/i.test(path)) return true;
  const folder = resolve(path);
  return existsSync(folder) && statSync(folder).isDirectory() && (existsSync(join(folder, 'onnx')) || existsSync(join(folder, 'genai_config.json')));
}

/** What the platform calls the model when it is asked for answers: a reference as it is; files are brought in first and named by their digest. */
export async function servedName(session: Session, model: string, format: string | undefined): Promise<string> {
  return withFormat(isPath(model.split('#')[0]!) ? await importedDigest(session, model) : model, format);
}

/**
 * The same as settings of a step: the key says what computes it, and `format` which file; a type of number is the step's `dtype`. An adapter goes
 * with a model's own weights.
 */
export async function targetStep(session: Session, model: string, { format, adapter, dtype }: { readonly format?: string; readonly adapter?: string; readonly dtype?: string }): Promise<StepSettings> {
  const [name = '', behind] = isPath(model.split('#')[0]!) ? [model] : model.split('#');
  if (behind !== undefined && format !== undefined && format !== 'model') throw new UsageError(`--format: expected the format once; got ${model} and ${format}`);
  const given = behind ?? format;
  const chosen = given === 'model' ? undefined : given;
  if (adapter !== undefined && chosen !== undefined && !isDtype(chosen)) {
    throw new UsageError(`--adapter: expected the model's own weights, which it stays beside; got ${behind === undefined ? '--format ' : '#'}${chosen}`, ['tunesmith merge MODEL --adapter ADAPTER']);
  }
  if (isDtype(chosen)) {
    if (dtype !== undefined && dtype !== chosen) throw new UsageError(`--dtype: expected one type to compute in; got ${chosen} and --dtype ${dtype}`);
    return { ...(await ownWeights(session, name, adapter, chosen)), dtype: chosen };
  }
  if (chosen === undefined) return ownWeights(session, name, adapter);
  if (isPath(name) && holdsQuantized(name)) return { files: await providePath(session, name, 'MODEL'), format: chosen };
  const reference = isPath(name) ? await importedDigest(session, name) : name;
  return { [chosen.startsWith('onnx/') ? 'onnx' : 'gguf']: withFormat(reference, chosen), format: chosen };
}

/** What is asked where no file that it was quantized to was named; `dtype` where it has to have weights of its own. */
async function ownWeights(session: Session, name: string, adapter: string | undefined, dtype?: string): Promise<StepSettings> {
  if (adapter !== undefined) return { ...(await resolveModel(session, name, adapter)) };
  if (isPath(name) && holdsQuantized(name)) {
    if (dtype !== undefined) throw new UsageError(`--format: expected which of the files to ask, such as gguf/q8_0; got ${dtype}, which weights are computed in that are not quantized`);
    return { files: await providePath(session, name, 'MODEL') };
  }
  const kind = name.startsWith('sha256:') ? await kindOf(session, name) : 'model';
  return { [kind]: await resolveReference(session, name, 'MODEL') };
}

function isDtype(format: string | undefined): format is 'bfloat16' | 'float32' {
  return format === 'bfloat16' || format === 'float32';
}

/** Brings in files, and says what they are called from then on. */
async function importedDigest(session: Session, path: string): Promise<string> {
  const uses = holdsQuantized(path) ? 'import-files' : 'import-model';
  const job = await runJob(session, { name: 'import', uses, with: { path: await providePath(session, path, 'MODEL') } });
  return outputOf(job, uses === 'import-files' ? 'upload' : 'model').digest;
}

/** Under which key an artifact is given. */
async function kindOf(session: Session, digest: string): Promise<'model' | 'gguf' | 'onnx' | 'files'> {
  const platform = await session.platform();
  const { mediaType } = await platform.call('GET /v1/artifacts/{digest}', { parameters: { digest } });
  const kind = /tunesmith\.(gguf|onnx|upload)\./.exec(mediaType)?.[1];
  return kind === 'upload' ? 'files' : kind === 'gguf' || kind === 'onnx' ? kind : 'model';
}
