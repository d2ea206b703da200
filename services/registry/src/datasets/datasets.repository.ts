import { newId, type ArtifactRef, type DatasetView } from '@tunesmith/contracts';
import type { EntityManager } from 'typeorm';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { NotFoundError } from '../errors.js';
import { insertRow } from '../rows.js';
import type { Json } from '../runs/expression.js';
import { serialize } from '../serialize.js';
import { DatasetVersionEntity } from './dataset-version.entity.js';

/** The registered datasets of one project. */
export class DatasetsRepository {
  constructor(private readonly manager: EntityManager, private readonly project: string) {}

  /** The latest version of every dataset. */
  async list(): Promise<DatasetView[]> {
    const all = await this.manager.find(DatasetVersionEntity, { where: { project: this.project }, order: { name: 'ASC', version: 'ASC' } });
    return this.views([...new Map(all.map((version) => [version.name, version])).values()]);
  }

  /** @throws NotFoundError */
  async show(name: string, version?: number): Promise<DatasetView> {
    return (await this.views([await this.resolve({ name, ...(version === undefined ? {} : { version }) })]))[0]!;
  }

  /** Newest first. @throws NotFoundError */
  async versions(name: string): Promise<DatasetView[]> {
    await this.resolve({ name });
    return this.views(await this.manager.find(DatasetVersionEntity, { where: { project: this.project, name }, order: { version: 'DESC' } }));
  }

  /** The `version` given, else the latest; datasets have no aliases. @throws NotFoundError */
  async resolve({ name, alias, version }: { name: string; alias?: string; version?: number }): Promise<DatasetVersionEntity> {
    if (alias !== undefined) throw new NotFoundError({ code: 'alias-unknown', facts: { name, alias }, message: `expected ${name} or ${name}:VERSION, because datasets have no aliases; got "${name}@${alias}"` });
    const where = { project: this.project, name };
    const found = await this.manager.findOne(DatasetVersionEntity, { where: { ...where, ...(version === undefined ? {} : { version }) }, order: { version: 'DESC' } });
    if (found) return found;
    const latest = await this.manager.findOne(DatasetVersionEntity, { where, order: { version: 'DESC' } });
    if (latest) throw new NotFoundError({ code: 'version-unknown', facts: { name, version: version ?? null }, message: `expected a version of the dataset ${name} from 1 to ${latest.version}; got ${version}` });
    const rows = await this.manager.createQueryBuilder(DatasetVersionEntity, 'dataset').select('DISTINCT dataset.name', 'name').where({ project: this.project }).orderBy('dataset.name').limit(20).getRawMany<{ name: string }>();
    throw new NotFoundError({
      code: 'dataset-unknown', facts: { name },
      message: `expected a registered dataset of project "${this.project}" (${rows.map((row) => row.name).join(', ') || 'it has none'}); got "${name}"; push one with \`tunesmith dataset push FILE --name ${name}\`, or give a path: an absolute one, in the terminal also ./${name}`,
    });
  }

  /** Registers an arrival as the next version, also where the bytes came before: what waits for the dataset waits for arrivals. */
  async register(name: string, artifact: ArtifactRef, rows: number, report: Record<string, Json>, runId: string | null): Promise<DatasetVersionEntity> {
    await serialize(this.manager, `dataset ${this.project}/${name}`);
    const latest = await this.manager.findOne(DatasetVersionEntity, { where: { project: this.project, name }, order: { version: 'DESC' } });
    const now = new Date().toISOString();
    return insertRow(this.manager, DatasetVersionEntity, {
      id: newId(), project: this.project, name, version: (latest?.version ?? 0) + 1, digest: artifact.digest, rows, report, runId, createdAt: now, sentAt: now, heardAt: null,
    });
  }

  private async views(versions: readonly DatasetVersionEntity[]): Promise<DatasetView[]> {
    const refs = await new ArtifactsRepository(this.manager, this.project).refsOf(versions.map(({ digest }) => digest));
    return versions.map(({ name, version, digest, rows, createdAt, report }) => ({ name, version, artifact: refs.get(digest)!, rows, createdAt, report }));
  }
}
