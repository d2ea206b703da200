import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { Id, type ArtifactKind, type ArtifactRef } from '@tunesmith/contracts';
import { ArtifactStore, Database, PlatformConfig, RemoteFiles } from '@tunesmith/platform';
import type { EntityManager } from 'typeorm';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { DatasetsRepository } from '../datasets/datasets.repository.js';
import { NotFoundError, RefusedError } from '../errors.js';
import { isLocal } from '../is-local.js';
import { ModelsRepository } from '../models/models.repository.js';
import { ServedModelFinder } from '../openai/served-model.js';
import { UploadEntity } from '../uploads/upload.entity.js';
import { ContentDigests } from './content-digest.js';
import type { Json } from './expression.js';
import type { Located, Surroundings } from './plan-run.js';
import type { Reference } from './reference.js';

/** Behind a path stands no format: what it was quantized to is known of what the registry has. */
const formatHint = 'a # with a format goes behind a registered name or a digest: import the model, then quantize it, or give the path of the file itself';

/** Looks up what the steps of a run refer to: registered names, artifacts, uploads, and paths of this machine. */
@Injectable()
export class RunSurroundings {
  constructor(private readonly database: Database, private readonly store: ArtifactStore, private readonly config: PlatformConfig, private readonly digests: ContentDigests) {}

  /** What a project sees. Reads outside transactions, because files may be large. */
  of(project: string, manager: EntityManager = this.database.dataSource.manager): Surroundings {
    return {
      artifactOf: (reference, expected) => this.artifactOf(manager, project, reference, expected),
      modelOf: (reference) => this.modelOf(manager, project, reference),
      locate: (path) => this.locate(manager, project, path),
      expectReadable: async (path) => void (await this.localPath(path)),
      storeRows: (rows) => this.storeRows(rows),
    };
  }

  private async artifactOf(manager: EntityManager, project: string, reference: Exclude<Reference, { kind: 'path' }>, expected: ArtifactKind): Promise<ArtifactRef> {
    const artifacts = new ArtifactsRepository(manager, project);
    if (reference.format !== undefined) return artifacts.require((await new ServedModelFinder(manager, this.store, project).findReference(reference, { target: reference.format })).artifact.digest, expected);
    if (reference.kind === 'digest') return artifacts.require(reference.digest, expected);
    const named = expected === 'dataset' ? new DatasetsRepository(manager, project) : new ModelsRepository(manager, project);
    return artifacts.require((await named.resolve(reference)).digest, expected);
  }

  private async modelOf(manager: EntityManager, project: string, reference: Exclude<Reference, { kind: 'path' }>): Promise<{ model: ArtifactRef; adapter?: ArtifactRef }> {
    const artifacts = new ArtifactsRepository(manager, project);
    const digest = reference.kind === 'digest' ? reference.digest : (await new ModelsRepository(manager, project).resolve(reference)).digest;
    return artifacts.modelOf(digest);
  }

  private async locate(manager: EntityManager, project: string, path: string): Promise<Located> {
    if (path.startsWith('hf:')) {
      if (path.includes('#')) throw new RefusedError({ code: 'path-format', message: `expected hf:ORG/NAME; got "${path}"; ${formatHint}` });
      return { config: { path }, contentDigest: null };
    }
    if (RemoteFiles.isAddress(path)) return locateAddress(path, this.config.addresses.allowed);
    if (path.startsWith('upload:')) return this.locateUpload(manager, project, path.slice('upload:'.length));
    return this.locateFile(path);
  }

  private async storeRows(rows: readonly Json[]): Promise<ArtifactRef> {
    const folder = await mkdtemp(join(tmpdir(), 'tunesmith-rows-'));
    try {
      await writeFile(join(folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      return await this.store.store(folder, 'upload');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** `ID`, or `ID/PATH` of a file or folder in it. */
  private async locateUpload(manager: EntityManager, project: string, text: string): Promise<Located> {
    const [id = '', ...parts] = text.split('/');
    const inside = parts.join('/');
    const upload = Id.safeParse(id).success ? await manager.findOneBy(UploadEntity, { id, project }) : null;
    if (!upload) throw new NotFoundError({ code: 'upload-unknown', message: `expected the id of an upload after upload:; got "${id}"; create one with POST /v1/uploads`, facts: { id } });
    if (!upload.artifact) throw new RefusedError({ code: 'upload-incomplete', message: `expected a complete upload; upload ${id} is not; send what is missing, then POST /v1/uploads/${id}/complete`, facts: { id } });
    if (inside !== '') {
      const known = upload.files.map(({ path }) => path);
      if (!known.some((path) => path === inside || path.startsWith(`${inside}/`))) throw new NotFoundError({ code: 'path-missing', message: `expected a file of the upload ${id} (${known.slice(0, 20).join(', ')}); got "${inside}"`, facts: { id, path: inside } });
      return { config: { path: inside, upload: upload.artifact }, contentDigest: null };
    }
    const [only] = upload.files;
    return { config: { path: upload.files.length === 1 && only ? only.path : '.', upload: upload.artifact }, contentDigest: upload.artifact.digest };
  }

  private async locateFile(text: string): Promise<Located> {
    const path = await this.localPath(text);
    return { config: { path }, contentDigest: await this.digests.of(path) };
  }

  private async localPath(text: string): Promise<string> {
    if (!isLocal(this.config)) {
      throw new RefusedError({ code: 'path-not-local', message: `expected https://…, s3://BUCKET/KEY, hf:ORG/NAME or upload:ID, because this platform is shared and reads no paths of its own machine; got "${text}"; send the files with POST /v1/uploads` });
    }
    const path = text.startsWith('file:') ? pathOfUrl(text) : text;
    if (!isAbsolute(path)) throw new RefusedError({ code: 'path-relative', message: `expected an absolute path; got "${text}"` });
    try {
      await stat(path);
      return path;
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code;
      throw new NotFoundError({
        code: 'path-unreadable', cause, facts: { path },
        message: `expected a file or folder that the platform can read at ${path}; ${reason === 'ENOENT' ? 'there is none' : (cause as Error).message}${/#(?:gguf|onnx|hf)\/[\w-]+$/.test(path) ? `; ${formatHint}` : ''}`,
      });
    }
  }
}

/** What an address gives is known when it was fetched; whether it may be is checked again there, at every redirect. */
function locateAddress(path: string, allowed: PlatformConfig['addresses']['allowed']): Located {
  if (allowed === 'public' && path.toLowerCase().startsWith('http://')) throw new RefusedError({ code: 'address-scheme', message: `expected https://…; got "${path}"; what comes over plain HTTP can be changed on the way; fetch the file yourself and give its path` });
  return { config: { path }, contentDigest: null };
}

function pathOfUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new RefusedError({ code: 'path-invalid', message: `expected file:///PATH; got "${text}"`, cause });
  }
}
