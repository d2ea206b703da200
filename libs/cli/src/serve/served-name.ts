import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { outputOf } from '../runs/artifact-of.js';
import { isPath, providePath, resolveReference } from '../runs/references.js';
import { runJob } from '../runs/run-job.js';
import type { StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';

/** Whether a path holds GGUF files, ONNX graphs or packed linears rather than plain weights of a model. */
async function holdsQuantized(path: string, format: string | undefined): Promise<boolean> {
  if (/\.(gguf|onnx)$/i.test(path)) return true;
  const folder = resolve(path);
  if (isPacked(path) || ['onnx', 'genai_config.json'].some((name) => existsSync(join(folder, name)))) return true;
  const { QuantizationTarget, quantizedFilesOf } = await import('@tunesmith/contracts');
  const target = QuantizationTarget.safeParse(format);
  return target.success && quantizedFilesOf(target.data).some((file) => existsSync(join(folder, file)));
}

/** Whether a folder's configuration says how linears are packed. One that is none is for the import to refuse. */
function isPacked(path: string): boolean {
  const config = join(resolve(path), 'config.json');
  return existsSync(config) && /"quantization_config"\s*:\s*\{/.test(readFileSync(config, 'utf8'));
}

interface Asked {
  readonly name: string;
  readonly target?: string | undefined;
  readonly dtype?: 'bfloat16' | 'float32' | undefined;
}

/** What is asked, and what computes it, whether that stands behind a # or is the option: what it was quantized to, the type of number, or `hf/gptq-int4#float32`. */
async function readAsked(model: string, format: string | undefined): Promise<Asked> {
  const [name, ...behind] = splitName(model);
  const chosen = format === undefined || format === 'model' ? [] : format.split('#');
  if (behind.length > 0 && chosen.length > 0) throw new UsageError(`--format: expected the format once; got ${model} and ${format}`);
  const words = [...behind, ...chosen].filter((word) => word !== 'model');
  const [dtypes, targets] = [words.filter(isDtype), words.filter((word) => !isDtype(word))];
  if (dtypes.length > 1 || targets.length > 1) throw new UsageError(`--format: expected one format, behind hf/… one type of number; got ${words.join('#')}`, ['--format gguf/q8_0', '--format hf/gptq-int4#float32']);
  const [[target], [dtype]] = [targets, dtypes];
  const { QuantizationTarget } = await import('@tunesmith/contracts');
  if (target !== undefined && !QuantizationTarget.safeParse(target).success) {
    const meant = QuantizationTarget.options.find((each) => each.endsWith(`/${target.toLowerCase()}`));
    throw new UsageError(`--format: expected bfloat16, float32, model or one of ${QuantizationTarget.options.join(', ')}; got ${target}`, [`--format ${meant ?? 'gguf/q8_0'}`]);
  }
  if (dtype !== undefined && target !== undefined && !target.startsWith('hf/')) throw new UsageError(`--format: expected a type of number behind packed linears (hf/…) alone; got ${target}#${dtype}, whose runtime computes as the file says`, [`--format ${target}`]);
  return { name: name!, target, dtype };
}

/** The name, and what stands behind each #. A path has a # of its own where something of that name is there, or where what follows is no format. */
function splitName(model: string): string[] {
  if (!isPath(model.split('#')[0]!)) return model.split('#');
  const [, path, behind] = /^(.*?)#((?:(?:gguf|onnx|hf)\/[\w-]+|bfloat16|float32|model)(?:#(?:bfloat16|float32))?)$/.exec(model) ?? [];
  return path === undefined || behind === undefined || existsSync(resolve(model)) ? [model] : [path, ...behind.split('#')];
}

/** What the platform calls the model when it is asked for answers: a reference as it is; what is outside is brought in first and named by its digest. */
export async function servedName(session: Session, model: string, { format, adapter }: { readonly format?: string; readonly adapter?: string }): Promise<string> {
  const { name, target, dtype } = await readAsked(model, format);
  if (adapter !== undefined) expectTakesAdapter(target, model, format);
  const base = isOutside(name) ? await importedDigest(session, name, target) : name;
  const beside = adapter === undefined ? '' : `+${isOutside(adapter) ? await importedOutput(session, adapter, 'adapter') : adapter}`;
  return [`${base}${beside}`, target, dtype].filter((part) => part !== undefined).join('#');
}

/**
 * The same as settings of a step: the key says what computes it, and `format` which file; a type of number is the step's `dtype`. An adapter goes
 * with a model's own weights, or with a GGUF file; a type of number with what is computed here, be it other models beside the target (`othersToo`).
 */
export async function targetStep(session: Session, model: string, { format, adapter, dtype, othersToo = false }: { readonly format?: string; readonly adapter?: string; readonly dtype?: string; readonly othersToo?: boolean }): Promise<StepSettings> {
  const asked = await readAsked(model, format);
  const { name, target } = asked;
  if (asked.dtype !== undefined && dtype !== undefined && dtype !== asked.dtype) throw new UsageError(`--dtype: expected one type to compute in; got ${asked.dtype} and --dtype ${dtype}`);
  if (adapter !== undefined) expectTakesAdapter(target, model, format);
  const beside: StepSettings = { ...(asked.dtype !== undefined && { dtype: asked.dtype }), ...(adapter !== undefined && { adapter: await resolveReference(session, adapter, '--adapter') }) };
  const chosen = othersToo ? undefined : dtype;
  if (target === undefined) return { ...(await ownWeights(session, name, asked.dtype, chosen)), ...beside };
  if (!target.startsWith('hf/')) expectNoType(chosen, target);
  if (isPath(name) && (await holdsQuantized(name, target))) return { files: await providePath(session, name, 'MODEL'), format: target, ...beside };
  const reference = isOutside(name) ? await importedDigest(session, name, target) : name;
  return { [/^(onnx|hf)\//.exec(target)?.[1] ?? 'gguf']: `${reference}#${target}`, format: target, ...beside };
}

/** What is asked where no file that it was quantized to was named; `dtype` where it has to have weights of its own, `chosen` where something has to be computed in it. */
async function ownWeights(session: Session, name: string, dtype: string | undefined, chosen: string | undefined): Promise<StepSettings> {
  if (isPath(name) && (await holdsQuantized(name, undefined))) {
    if (!isPacked(name)) expectNoType(chosen, name);
    if (dtype !== undefined && !isPacked(name)) throw new UsageError(`--format: expected which of the files to ask, such as gguf/q8_0; got ${dtype}, which weights are computed in that are not quantized`);
    return { files: await providePath(session, name, 'MODEL') };
  }
  const kind = name.startsWith('sha256:') ? await kindOf(session, name) : 'model';
  if (kind === 'gguf' || kind === 'onnx') expectNoType(chosen, name);
  return { [kind]: await resolveReference(session, name, 'MODEL') };
}

function expectNoType(dtype: string | undefined, file: string): void {
  if (dtype === undefined || dtype === 'model') return;
  throw new UsageError(`--dtype: expected none beside ${file}, whose runtime computes as the file says; got ${dtype}`, ['--format float32, for the weights that it was quantized from']);
}

function expectTakesAdapter(target: string | undefined, model: string, format: string | undefined): void {
  if (target === undefined || target.startsWith('gguf/')) return;
  throw new UsageError(`--adapter: expected the model's own weights or a GGUF file, which it stays beside; got ${format === undefined ? model : `--format ${format}`}`, ['tunesmith merge MODEL --adapter ADAPTER']);
}

/** What has to be brought in before it can be named. */
function isOutside(name: string): boolean {
  return isPath(name) || name.startsWith('hf:');
}

function isDtype(format: string): format is 'bfloat16' | 'float32' {
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
