import { mediaTypes, QuantizationTarget, quantizedFileOf, type ArtifactManifest, type ArtifactRef, type Digest, type ServedModel } from '@tunesmith/contracts';
import type { ArtifactStore } from '@tunesmith/platform';
import type { EntityManager } from 'typeorm';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { NotFoundError, RefusedError } from '../errors.js';
import { ModelsRepository } from '../models/models.repository.js';
import { parseReference, type Reference } from '../runs/reference.js';

const dtypes = ['bfloat16', 'float32'] as const;

/** Looks up what the `model` of a request means: a reference, and behind a `#` what computes it. */
export class ServedModelFinder {
  private readonly artifacts: ArtifactsRepository;
  private readonly models: ModelsRepository;

  constructor(manager: EntityManager, private readonly store: ArtifactStore, project: string) {
    this.artifacts = new ArtifactsRepository(manager, project);
    this.models = new ModelsRepository(manager, project);
  }

  /** @throws NotFoundError, RefusedError with what there is */
  async find(text: string): Promise<ServedModel> {
    const dtype = dtypes.find((each) => text.endsWith(`#${each}`));
    const name = dtype ? text.slice(0, -dtype.length - 1) : text;
    const reference = parseReference(name);
    if (!reference || reference.kind === 'path' || (dtype && reference.format)) {
      throw new NotFoundError({
        code: 'model-unknown', facts: { model: text },
        message: `expected NAME, NAME@ALIAS, NAME:VERSION or sha256:…, and behind a # one of ${[...dtypes, ...QuantizationTarget.options].join(', ')}; got "${text}"`,
      });
    }
    return this.findReference(reference, dtype ?? reference.format ?? 'bfloat16');
  }

  /** @throws NotFoundError, RefusedError with what there is */
  async findReference(reference: Exclude<Reference, { kind: 'path' }>, format: (typeof dtypes)[number] | QuantizationTarget): Promise<ServedModel> {
    const digest = reference.kind === 'digest' ? reference.digest : (await this.models.resolve(reference)).digest;
    const artifact = await this.artifacts.find(digest);
    if (!artifact) throw new NotFoundError({ code: 'artifact-unknown', message: `expected the digest of an artifact; got ${digest}; see \`tunesmith model list\``, facts: { digest } });
    const ref: ArtifactRef = { digest: artifact.digest, size: artifact.size, mediaType: artifact.mediaType };
    const text = reference.kind === 'digest' ? digest : nameOf(reference);
    const isDtype = format === 'bfloat16' || format === 'float32';
    if (artifact.mediaType !== mediaTypes.model) return this.fileIn(ref, isDtype ? undefined : format, text);
    return isDtype ? { kind: 'model', artifact: ref, dtype: format } : this.derived(digest, format, text);
  }

  /** The formats that models were quantized to, by the digest of the model. */
  async formatsOf(digest: Digest): Promise<QuantizationTarget[]> {
    return formatsIn(await this.quantizedFrom(digest));
  }

  /** A file of an artifact that is no model itself: of GGUF files, of ONNX graphs, of packed folders, or sent by somebody. */
  private async fileIn(artifact: ArtifactRef, target: QuantizationTarget | undefined, text: string): Promise<ServedModel> {
    const served = [mediaTypes.gguf, mediaTypes.onnx, mediaTypes.hf, mediaTypes.upload] as const;
    if (!served.some((type) => type === artifact.mediaType)) {
      const hint = artifact.mediaType === mediaTypes.adapter ? '; merge it into its base first: `tunesmith merge`' : '';
      throw new RefusedError({ code: 'artifact-kind', message: `expected a model, GGUF files, ONNX graphs or folders with packed linears; ${text} is something else (${artifact.mediaType})${hint}`, facts: { digest: artifact.digest } });
    }
    const { files } = await this.store.manifest(artifact.digest);
    const paths = files.map(({ path }) => path);
    const known = paths.filter((path) => (/\.(gguf|onnx)$/.test(path) && !/(^|\/)(imatrix\.gguf|adapter-[^/]*\.gguf|encoder_model[^/]*\.onnx)$/.test(path)) || isPackedHead(path, paths));
    const found = target ? known.filter((path) => path === quantizedFileOf(target)) : known;
    if (found.length === 1) return { kind: 'file', artifact, file: found[0]! };
    throw new NotFoundError({ code: 'format-missing', message: `expected ${target ? quantizedFileOf(target) : 'one .gguf file, .onnx file or folder with packed linears'} in ${artifact.digest}; it has ${known.join(', ') || 'none'}`, facts: { files: known } });
  }

  /** What the model was quantized to, the latest where it was done again. */
  private async derived(digest: Digest, target: QuantizationTarget, text: string): Promise<ServedModel> {
    const file = quantizedFileOf(target);
    const quantized = await this.quantizedFrom(digest);
    const found = quantized.findLast(({ manifest }) => manifest.files.some(({ path }) => path === file));
    if (found) return { kind: 'file', artifact: found.artifact, file };
    const formats = formatsIn(quantized);
    throw new NotFoundError({
      code: 'format-missing', facts: { digest, target, formats },
      message: `expected ${text} to be quantized to ${target}; it is to ${formats.join(', ') || 'nothing'}; run \`tunesmith quantize ${text} --to ${target}\``,
    });
  }

  private async quantizedFrom(digest: Digest): Promise<{ artifact: ArtifactRef; manifest: ArtifactManifest }[]> {
    const { children } = await this.artifacts.lineage(digest);
    const refs = await this.artifacts.refsOf(children.filter(({ role }) => role === 'model').map((child) => child.digest));
    const quantized = [...refs.values()].filter(({ mediaType }) => [mediaTypes.gguf, mediaTypes.onnx, mediaTypes.hf].some((type) => type === mediaType));
    const order = new Map(children.map((child, place) => [child.digest, place]));
    quantized.sort((left, right) => order.get(left.digest)! - order.get(right.digest)!);
    return Promise.all(quantized.map(async (artifact) => ({ artifact, manifest: await this.store.manifest(artifact.digest) })));
  }
}

/** The config.json of a folder with weights; folders of graphs have one without. */
function isPackedHead(path: string, paths: readonly string[]): boolean {
  return /(^|\/)config\.json$/.test(path) && paths.some((other) => /\.safetensors$/.test(other) && other.slice(0, other.lastIndexOf('/') + 1) === path.slice(0, -'config.json'.length));
}

function formatsIn(quantized: readonly { readonly manifest: ArtifactManifest }[]): QuantizationTarget[] {
  const files = quantized.flatMap(({ manifest }) => manifest.files.map(({ path }) => path));
  return QuantizationTarget.options.filter((target) => files.includes(quantizedFileOf(target)));
}

function nameOf({ name, alias, version }: Extract<Reference, { kind: 'name' }>): string {
  return alias !== undefined ? `${name}@${alias}` : version !== undefined ? `${name}:${version}` : name;
}
