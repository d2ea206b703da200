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
  if (!isPath(model.split('#')[0]!)) return withFormat(model, format);
  const uses = holdsQuantized(model) ? 'import-files' : 'import-model';
  const job = await runJob(session, { name: 'import', uses, with: { path: await providePath(session, model, 'MODEL') } });
  return withFormat(outputOf(job, uses === 'import-files' ? 'upload' : 'model').digest, format);
}

/** The same as settings of a step: the key says what computes it, and `format` which file. An adapter goes with a model's own weights. */
export async function targetStep(session: Session, model: string, { format, adapter }: { readonly format?: string; readonly adapter?: string }): Promise<StepSettings> {
  if (adapter !== undefined) {
    if (format !== undefined && format !== 'model') throw new UsageError(`--adapter: expected the model's own weights, which it stays beside; got --format ${format}`, ['tunesmith merge MODEL --adapter ADAPTER']);
    return { ...(await resolveModel(session, model, adapter)) };
  }
  const [name = '', given = format] = isPath(model.split('#')[0]!) ? [model] : model.split('#');
  const chosen = given === 'model' ? undefined : given;
  if (isPath(name)) return holdsQuantized(name) ? { files: await providePath(session, name, 'MODEL'), ...(chosen !== undefined && { format: chosen }) } : { model: await resolveReference(session, name, 'MODEL') };
  if (chosen !== undefined) return { [chosen.startsWith('onnx/') ? 'onnx' : 'gguf']: withFormat(name, chosen), format: chosen };
  const kind = name.startsWith('sha256:') ? await kindOf(session, name) : 'model';
  return { [kind]: await resolveReference(session, name, 'MODEL') };
}

/** Under which key an artifact is given. */
async function kindOf(session: Session, digest: string): Promise<'model' | 'gguf' | 'onnx' | 'files'> {
  const platform = await session.platform();
  const { mediaType } = await platform.call('GET /v1/artifacts/{digest}', { parameters: { digest } });
  const kind = /tunesmith\.(gguf|onnx|upload)\./.exec(mediaType)?.[1];
  return kind === 'upload' ? 'files' : kind === 'gguf' || kind === 'onnx' ? kind : 'model';
}
