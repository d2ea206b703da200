import { existsSync, readFileSync } from 'node:fs';
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

/** Whether a path holds GGUF files, ONNX graphs or packed linears rather than plain weights of a model. */
async function holdsQuantized(path: string, format: string | undefined): Promise<boolean> {
  if (/\.(gguf|onnx)$/i.test(path)) return true;
  const folder = resolve(path);
  if (isPacked(path) || ['onnx', 'genai_config.json'].some((name) => existsSync(join(folder, name)))) return true;
  const { QuantizationTarget, quantizedFileOf } = await import('@tunesmith/contracts');
  const target = QuantizationTarget.safeParse(format);
  return target.success && existsSync(join(folder, quantizedFileOf(target.data)));
}

/** Whether a folder's configuration says how linears are packed. One that is none is for the import to refuse. */
function isPacked(path: string): boolean {
  const config = join(resolve(path), 'config.json');
  return existsSync(config) && /"quantization_config"\s*:\s*\{/.test(readFileSync(config, 'utf8'));
}

/** What the platform calls the model when it is asked for answers: a reference as it is; files are brought in first and named by their digest. */
export async function servedName(session: Session, model: string, { format, adapter }: { readonly format?: string; readonly adapter?: string }): Promise<string> {
  const [name = '', behind] = isPath(model.split('#')[0]!) ? [model] : model.split('#');
  if (adapter === undefined) return withFormat(isPath(name) ? await importedDigest(session, name, format) : model, format);
  expectOwnWeights(behind ?? format, behind === undefined ? '--format ' : '#');
  const base = isPath(name) ? await importedOutput(session, name, 'model') : name;
  const beside = isPath(adapter) ? await importedOutput(session, adapter, 'adapter') : adapter;
  return withFormat(`${base}+${beside}${behind === undefined ? '' : `#${behind}`}`, format);
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
  if (adapter !== undefined) expectOwnWeights(chosen, behind === undefined ? '--format ' : '#');
  if (isDtype(chosen)) {
    if (dtype !== undefined && dtype !== chosen) throw new UsageError(`--dtype: expected one type to compute in; got ${chosen} and --dtype ${dtype}`);
    return { ...(await ownWeights(session, name, adapter, chosen)), dtype: chosen };
  }
  if (chosen === undefined) return ownWeights(session, name, adapter);
  if (isPath(name) && (await holdsQuantized(name, chosen))) return { files: await providePath(session, name, 'MODEL'), format: chosen };
  const reference = isPath(name) ? await importedDigest(session, name, chosen) : name;
  return { [/^(onnx|hf)\//.exec(chosen)?.[1] ?? 'gguf']: withFormat(reference, chosen), format: chosen };
}

/** What is asked where no file that it was quantized to was named; `dtype` where it has to have weights of its own. */
async function ownWeights(session: Session, name: string, adapter: string | undefined, dtype?: string): Promise<StepSettings> {
  if (adapter !== undefined) return { ...(await resolveModel(session, name, adapter)) };
  if (isPath(name) && (await holdsQuantized(name, undefined))) {
    if (dtype !== undefined && !isPacked(name)) throw new UsageError(`--format: expected which of the files to ask, such as gguf/q8_0; got ${dtype}, which weights are computed in that are not quantized`);
    return { files: await providePath(session, name, 'MODEL') };
  }
  const kind = name.startsWith('sha256:') ? await kindOf(session, name) : 'model';
  return { [kind]: await resolveReference(session, name, 'MODEL') };
}

function expectOwnWeights(format: string | undefined, spelling: string): void {
  if (format === undefined || format === 'model' || isDtype(format)) return;
  throw new UsageError(`--adapter: expected the model's own weights, which it stays beside; got ${spelling}${format}`, ['tunesmith merge MODEL --adapter ADAPTER']);
}

function isDtype(format: string | undefined): format is 'bfloat16' | 'float32' {
  return format === 'bfloat16' || format === 'float32';
}

/** Brings in files, and says what they are called from then on. */
async function importedDigest(session: Session, path: string, format: string | undefined): Promise<string> {
  return importedOutput(session, path, (await holdsQuantized(path, format)) ? 'upload' : 'model');
}

async function importedOutput(session: Session, path: string, output: 'model' | 'adapter' | 'upload'): Promise<string> {
  const config = { path: await providePath(session, path, output === 'adapter' ? '--adapter' : 'MODEL') };
  return outputOf(await runJob(session, { name: 'import', uses: output === 'upload' ? 'import-files' : 'import-model', with: config }), output).digest;
}

/** Under which key an artifact is given. */
async function kindOf(session: Session, digest: string): Promise<'model' | 'gguf' | 'onnx' | 'hf' | 'files'> {
  const platform = await session.platform();
  const { mediaType } = await platform.call('GET /v1/artifacts/{digest}', { parameters: { digest } });
  const kind = /tunesmith\.(gguf|onnx|hf|upload)\./.exec(mediaType)?.[1];
  return kind === 'upload' ? 'files' : kind === 'gguf' || kind === 'onnx' || kind === 'hf' ? kind : 'model';
}
