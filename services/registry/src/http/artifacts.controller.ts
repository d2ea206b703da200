import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Controller, Res } from '@nestjs/common';
import { api, type ArtifactManifest, type Digest, type GivenDigest, type ExportedArtifact, type LineageView } from '@tunesmith/contracts';
import { ArtifactStore, Database, PlatformConfig } from '@tunesmith/platform';
import type { FastifyReply } from 'fastify';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { exportArtifact } from '../artifacts/export-artifact.js';
import { wholeDigest } from '../artifacts/whole-digest.js';
import { ConflictError, NotFoundError } from '../errors.js';
import { isLocal } from '../is-local.js';
import { Input, Serves, type InputOf } from './serves.js';

@Controller()
export class ArtifactsController {
  constructor(private readonly database: Database, private readonly store: ArtifactStore, private readonly config: PlatformConfig) {}

  @Serves(api.showArtifact)
  async show(@Input() { parameters }: InputOf<typeof api.showArtifact>): Promise<ArtifactManifest> {
    return this.store.manifest(await this.stored(parameters.digest));
  }

  @Serves(api.artifactFile)
  async file(@Input() { parameters }: InputOf<typeof api.artifactFile>, @Res() reply: FastifyReply): Promise<void> {
    const { path } = parameters;
    const digest = await this.stored(parameters.digest);
    const manifest = await this.store.manifest(digest);
    // Only what the manifest lists is read, so no path can lead out of the artifact.
    const file = manifest.files.find((each) => each.path === path);
    if (!file) throw new NotFoundError({ code: 'artifact-file-unknown', message: `expected a file of ${digest} (${manifest.files.slice(0, 10).map((each) => each.path).join(', ')}); got "${path}"`, facts: { digest, path } });
    const staged = await this.store.stage({ artifact: await this.store.refOf(digest) });
    const bytes = createReadStream(join(staged.artifact, ...path.split('/')));
    bytes.once('close', () => void staged[Symbol.asyncDispose]());
    await reply.headers({ 'content-type': 'application/octet-stream', 'content-length': file.size, 'cache-control': 'private, immutable, max-age=31536000', etag: `"${file.digest}"` }).send(bytes);
  }

  @Serves(api.exportArtifact)
  async export(@Input() { parameters, body }: InputOf<typeof api.exportArtifact>): Promise<ExportedArtifact> {
    if (!isLocal(this.config)) throw new ConflictError({ code: 'platform-not-local', message: 'expected a local platform, which may write to folders of its machine; this one is shared; read the files with GET /v1/artifacts/{digest}/files/{path}' });
    const digest = await this.stored(parameters.digest);
    const manifest = await this.store.manifest(digest);
    return exportArtifact(this.store, await this.store.refOf(digest), manifest, body.folder);
  }

  @Serves(api.lineage)
  lineage(@Input() { parameters, query }: InputOf<typeof api.lineage>): Promise<LineageView> {
    return new ArtifactsRepository(this.database.dataSource.manager, query.project).lineage(parameters.digest);
  }

  private async stored(given: GivenDigest): Promise<Digest> {
    const digest = await wholeDigest(this.database.dataSource.manager, given);
    if (digest !== undefined && (await this.store.has(digest))) return digest;
    throw new NotFoundError({ code: 'artifact-unknown', message: `expected the digest of a stored artifact; got ${given}`, facts: { digest: given } });
  }
}
