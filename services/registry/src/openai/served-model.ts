import { mediaTypes, QuantizationTarget, quantizedFilesOf, type ArtifactManifest, type ArtifactRef, type Digest, type GivenDigest, type ServedModel } from '@tunesmith/contracts';
import type { ArtifactStore } from '@tunesmith/platform';
import type { EntityManager } from 'typeorm';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { NotFoundError, RefusedError } from '../errors.js';
import { ModelsRepository } from '../models/models.repository.js';
import { parseReference, type Reference } from '../runs/reference.js';

const dtypes = ['bfloat16', 'float32'] as const;

type Named = Exclude<Reference, { kind: 'path' }>;
type ServedFile = Extract<ServedModel, { kind: 'file' }>;

/** What stands behind the `#`: what a model was quantized to, and the type of number that weights are computed in. */
interface Computed {
  readonly target?: QuantizationTarget | undefined;
  readonly dtype?: (typeof dtypes)[number] | undefined;
}

/** Looks up what the `model` of a request means: a reference, behind a `+` an adapter beside its weights, and behind a `#` what computes it (of packed linears behind one more in which type). */
export class ServedModelFinder {
  private readonly artifacts: ArtifactsRepository;
  private readonly models: ModelsRepository;

  constructor(manager: EntityManager, private readonly store: ArtifactStore, project: string) {
    this.artifacts = new ArtifactsRepository(manager, project);
    this.models = new ModelsRepository(manager, project);
  }

  /** @throws NotFoundError, RefusedError with what there is */
  async find(text: string): Promise<ServedModel> {
    const [names = '', ...behind] = text.split('#');
    const [model, adapter, ...others] = names.split('+').map(namedReference);
    const computed = readComputed(behind);
    if (!model || (!adapter && names.includes('+')) || others.length > 0 || !computed) {
      throw new NotFoundError({
        code: 'model-unknown', facts: { model: text },
        message: `expected NAME, NAME@ALIAS, NAME:VERSION or sha256:…, behind a + an adapter in the same words, and behind a # one of ${[...dtypes, ...QuantizationTarget.options].join(', ')}, behind hf/… one more # with ${dtypes.join(' or ')}; got "${text}"`,
      });
    }
    return adapter ? this.findBoth(model, adapter, computed) : this.findReference(model, computed);
  }

  /** @throws NotFoundError, RefusedError with what there is */
  async findReference(reference: Named, computed: Computed): Promise<ServedModel> {
    const given = await this.digestOf(reference);
    const artifact = await this.artifacts.find(given);
    if (!artifact) throw new NotFoundError({ code: 'artifact-unknown', message: `expected the digest of an artifact; got ${given}; see \`tunesmith model list\``, facts: { digest: given } });
    const { digest } = artifact;
    const ref: ArtifactRef = { digest, size: artifact.size, mediaType: artifact.mediaType };
    const text = nameOf(reference);
    if (artifact.mediaType !== mediaTypes.adapter) return this.served(ref, computed, text);
    return beside(await this.served((await this.artifacts.modelOf(digest)).model, computed, text), ref);
  }

  private async findBoth(model: Named, adapter: Named, computed: Computed): Promise<ServedModel> {
    return beside(await this.findReference(model, computed), await this.artifacts.require(await this.digestOf(adapter), 'adapter'));
  }

  private async served(artifact: ArtifactRef, { target, dtype }: Computed, text: string): Promise<ServedModel> {
    if (artifact.mediaType !== mediaTypes.model) return inType(await this.fileIn(artifact, target, text), dtype, text);
    return target === undefined ? { kind: 'model', artifact, dtype: dtype ?? 'bfloat16' } : inType(await this.derived(artifact.digest, target, text), dtype, text);
  }

  /** The formats that models were quantized to, by the digest of the model. */
  async formatsOf(digest: Digest): Promise<QuantizationTarget[]> {
    return formatsIn(await this.quantizedFrom(digest));
  }

  private async digestOf(reference: Named): Promise<GivenDigest> {
    return reference.kind === 'digest' ? reference.digest : (await this.models.resolve(reference)).digest;
  }

  /** A file of an artifact that is no model itself: of GGUF files, of ONNX graphs, of packed folders, or sent by somebody. */
  private async fileIn(artifact: ArtifactRef, target: QuantizationTarget | undefined, text: string): Promise<ServedFile> {
    const served = [mediaTypes.gguf, mediaTypes.onnx, mediaTypes.hf, mediaTypes.upload] as const;
    if (!served.some((type) => type === artifact.mediaType)) {
      throw new RefusedError({ code: 'artifact-kind', message: `expected a model, GGUF files, ONNX graphs or folders with packed linears; ${text} is something else (${artifact.mediaType})`, facts: { digest: artifact.digest } });
    }
    const { files } = await this.store.manifest(artifact.digest);
    const paths = files.map(({ path }) => path);
    const known = paths.filter((path) => (/\.(gguf|onnx)$/.test(path) && !/(^|\/)(imatrix\.gguf|adapter-[^/]*\.gguf|encoder_model[^/]*\.onnx)$/.test(path)) || isPackedHead(path, paths));
    const found = target ? known.filter((path) => quantizedFilesOf(target).includes(path)) : known;
    if (found.length === 1) return { kind: 'file', artifact, file: found[0]! };
    throw new NotFoundError({ code: 'format-missing', message: `expected ${target ? quantizedFilesOf(target)[0] : 'one .gguf file, .onnx file or folder with packed linears'} in ${artifact.digest}; it has ${known.join(', ') || 'none'}`, facts: { files: known } });
  }

  /** What the model was quantized to, the latest where it was done again. */
  private async derived(digest: Digest, target: QuantizationTarget, text: string): Promise<ServedFile> {
    const wanted = quantizedFilesOf(target);
    const quantized = await this.quantizedFrom(digest);
    const found = quantized.flatMap(({ artifact, manifest }) => manifest.files.flatMap(({ path }) => (wanted.includes(path) ? [{ artifact, file: path }] : []))).at(-1);
    if (found) return { kind: 'file', ...found };
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
  return QuantizationTarget.options.filter((target) => quantizedFilesOf(target).some((file) => files.includes(file)));
}

function namedReference(text: string): Named | undefined {
  const reference = parseReference(text);
  return reference?.kind === 'path' ? undefined : reference;
}

/** @throws RefusedError where no adapter can stand beside what is asked */
function beside(served: ServedModel, adapter: ArtifactRef): ServedModel {
  const { digest } = served.artifact;
  if (served.adapter) throw new RefusedError({ code: 'adapter-twice', facts: { model: digest, adapter: adapter.digest }, message: `expected a model before the +; got an adapter, which has its model already; join them: \`tunesmith adapter merge ${served.adapter.digest} ${adapter.digest}\`` });
  if (served.kind === 'model' || served.file.endsWith('.gguf')) return { ...served, adapter };
  throw new RefusedError({
    code: 'adapter-needs-weights', facts: { model: digest, adapter: adapter.digest, file: served.file },
    message: `expected bfloat16, float32 or gguf/… behind the # of a model with an adapter, which stays beside the model's own weights or its GGUF file; got ${served.file}; merge it first: \`tunesmith merge MODEL --adapter ${adapter.digest}\`, then quantize that`,
  });
}

/** At most one of each kind, the type of number last; of files only packed linears have one to choose. Undefined where it is something else. */
function readComputed(behind: readonly string[]): Computed | undefined {
  const [target, dtype] = [QuantizationTarget.options.find((each) => each === behind[0]), dtypes.find((each) => each === behind.at(-1))];
  const read = Number(target !== undefined) + Number(dtype !== undefined);
  return read === behind.length ? { target, dtype } : undefined;
}

/** @throws RefusedError where a type of number is asked of a file that has its own */
function inType(file: ServedFile, dtype: Computed['dtype'], text: string): ServedFile {
  if (dtype === undefined) return file;
  if (/(^|\/)config\.json$/.test(file.file)) return { ...file, dtype };
  throw new RefusedError({ code: 'dtype-unfit', facts: { file: file.file, dtype }, message: `expected ${dtype} of a model's own weights or of packed linears (hf/…); ${text} is ${file.file}, whose runtime computes as the file says; leave out #${dtype}` });
}

function nameOf(reference: Named): string {
  if (reference.kind === 'digest') return reference.digest;
  const { name, alias, version } = reference;
  return alias !== undefined ? `${name}@${alias}` : version !== undefined ? `${name}:${version}` : name;
}
