import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import { newId, type UploadView } from '@tunesmith/contracts';
import { ArtifactStore, Database, PlatformConfig } from '@tunesmith/platform';
import { IsNull, LessThan } from 'typeorm';
import { ConflictError, NotFoundError, RefusedError } from '../errors.js';
import { insertRow } from '../rows.js';
import { UploadEntity, type UploadedFile } from './upload.entity.js';

/**
 * Files on their way in from clients of another machine, in pieces that may break off anywhere. Bytes wait in `uploads/` of the home
 * folder, under the paths that the client gave them; complete and checked they move to the artifact store.
 */
@Injectable()
export class Uploads {
  private readonly busy = new Set<string>();

  constructor(private readonly database: Database, private readonly store: ArtifactStore, private readonly config: PlatformConfig) {}

  async create(project: string, files: readonly UploadedFile[]): Promise<UploadView> {
    const clash = files.find(({ path }, index) => files.some((other, place) => place !== index && (other.path === path || other.path.startsWith(`${path}/`))));
    if (clash) throw new RefusedError({ code: 'upload-paths-clash', message: `expected every path once, and none as the folder of another; got "${clash.path}" so`, facts: { path: clash.path } });
    const unusable = files.find(({ path }) => !path.isWellFormed() || path.split('/').some((part) => Buffer.byteLength(part) > 255));
    if (unusable) throw new RefusedError({ code: 'upload-path-unusable', message: `expected paths whose parts are names of files: valid Unicode of at most 255 bytes; got "${unusable.path.toWellFormed()}"` });
    const row: UploadEntity = { id: newId(), project, files: [...files], artifact: null, createdAt: new Date().toISOString() };
    return this.viewOf(await insertRow(this.database.dataSource.manager, UploadEntity, row));
  }

  async show(id: string): Promise<UploadView> {
    return this.viewOf(await this.find(id));
  }

  /** Adds a piece. What came before the client went away is kept, and the next piece starts there. */
  async append(id: string, path: string, offset: number, bytes: Readable): Promise<UploadView> {
    const upload = await this.find(id);
    if (upload.artifact) throw new ConflictError({ code: 'upload-complete', message: `expected an upload that is not complete; ${id} is`, facts: { id } });
    const file = upload.files.find((each) => each.path === path);
    if (!file) throw new NotFoundError({ code: 'upload-file-unknown', message: `expected a file of the upload (${upload.files.slice(0, 5).map((each) => each.path).join(', ')}${upload.files.length > 5 ? ', …' : ''}); got "${path}"`, facts: { path } });
    await this.exclusively(id, async () => {
      const target = this.pathOf(upload, path);
      const received = await sizeOf(target);
      if (received !== offset) throw new ConflictError({ code: 'upload-offset', message: `expected a piece of ${path} from byte ${received}; got one from ${offset}`, facts: { path, received } });
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await appendTo(target, file, received, bytes);
    });
    return this.viewOf(upload);
  }

  /** Checks every digest and stores the files as one artifact. */
  async complete(id: string): Promise<UploadView> {
    const upload = await this.find(id);
    if (upload.artifact) return this.viewOf(upload);
    await this.exclusively(id, async () => {
      for (const { path, size, digest } of upload.files) {
        const target = this.pathOf(upload, path);
        const received = await sizeOf(target);
        if (received < size) throw new ConflictError({ code: 'upload-incomplete', message: `expected ${size} bytes of ${path}; got ${received} so far; send the rest`, facts: { path, size, received } });
        if (size === 0) await createEmpty(target);
        const came = await digestOf(target);
        if (came === digest) continue;
        await rm(target);
        throw new RefusedError({ code: 'upload-digest', message: `expected ${path} to have the digest ${digest}; its bytes have ${came}; send it again from the start`, facts: { path, expected: digest, came } });
      }
      const artifact = await this.store.store(this.folderOf(upload), 'upload');
      await this.database.dataSource.manager.update(UploadEntity, { id }, { artifact });
      upload.artifact = artifact;
      await rm(this.folderOf(upload), { recursive: true, force: true });
    });
    return this.viewOf(upload);
  }

  /** Drops uploads that nobody completed. */
  async forgetBefore(time: Date): Promise<void> {
    const { manager } = this.database.dataSource;
    for (const upload of await manager.findBy(UploadEntity, { artifact: IsNull(), createdAt: LessThan(time.toISOString()) })) {
      await rm(this.folderOf(upload), { recursive: true, force: true });
      await manager.delete(UploadEntity, { id: upload.id });
    }
  }

  private async find(id: string): Promise<UploadEntity> {
    const upload = await this.database.dataSource.manager.findOneBy(UploadEntity, { id });
    if (!upload) throw new NotFoundError({ code: 'upload-unknown', message: `expected the id of an upload; got ${id}; create one with POST /v1/uploads`, facts: { id } });
    return upload;
  }

  private async viewOf(upload: UploadEntity): Promise<UploadView> {
    const { id, files, artifact, createdAt } = upload;
    const received = await Promise.all(files.map((file) => (artifact ? file.size : sizeOf(this.pathOf(upload, file.path)))));
    return { id, reference: `upload:${id}`, complete: artifact !== null, files: files.map((file, index) => ({ ...file, received: received[index]! })), createdAt };
  }

  private async exclusively(id: string, work: () => Promise<void>): Promise<void> {
    if (this.busy.has(id)) throw new ConflictError({ code: 'upload-busy', message: `expected one request at a time for upload ${id}; another is not done`, facts: { id } });
    this.busy.add(id);
    try {
      await work();
    } finally {
      this.busy.delete(id);
    }
  }

  private folderOf({ id }: UploadEntity): string {
    return join(this.config.home, 'uploads', id);
  }

  private pathOf(upload: UploadEntity, path: string): string {
    return join(this.folderOf(upload), ...path.split('/'));
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}

async function appendTo(target: string, { path, size }: UploadedFile, received: number, bytes: Readable): Promise<void> {
  let written = received;
  const file = await open(target, 'a', 0o600);
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      written += chunk.length;
      if (written > size) {
        await truncate(target, received);
        throw new ConflictError({ code: 'upload-too-large', message: `expected at most ${size} bytes of ${path}, as announced; got more`, facts: { path, size } });
      }
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
}

async function createEmpty(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await (await open(path, 'w', 0o600)).close();
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return `sha256:${hash.digest('hex')}`;
}
