import { newId, type AliasChange, type ArtifactRef, type ModelView } from '@tunesmith/contracts';
import { LessThanOrEqual, type EntityManager } from 'typeorm';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { NotFoundError } from '../errors.js';
import { serialize } from '../serialize.js';
import { AliasChangeEntity } from './alias-change.entity.js';
import { ModelAliasEntity } from './model-alias.entity.js';
import { ModelVersionEntity } from './model-version.entity.js';

/** The registered models of one project. */
export class ModelsRepository {
  constructor(private readonly manager: EntityManager, private readonly project: string) {}

  async list(): Promise<ModelView[]> {
    return this.views(await this.manager.find(ModelVersionEntity, { where: { project: this.project }, order: { name: 'ASC', version: 'ASC' } }));
  }

  /** @throws NotFoundError */
  async show(name: string): Promise<ModelView> {
    const versions = await this.manager.find(ModelVersionEntity, { where: { project: this.project, name }, order: { version: 'ASC' } });
    const [view] = await this.views(versions);
    if (!view) throw await this.unknown(name);
    return view;
  }

  /** The version that `alias` points at, the `version` given, else the latest. @throws NotFoundError */
  async resolve({ name, alias, version }: { name: string; alias?: string; version?: number }): Promise<ModelVersionEntity> {
    if (alias !== undefined) {
      const pointer = await this.manager.findOneBy(ModelAliasEntity, { project: this.project, name, alias });
      if (pointer) return this.resolve({ name, version: pointer.version });
      const { aliases } = await this.show(name);
      throw new NotFoundError({
        code: 'alias-unknown', facts: { name, alias },
        message: `expected an alias of ${name} (${Object.keys(aliases).join(', ') || 'it has none'}); got "${alias}"; point it at a version with \`tunesmith model promote ${name}:VERSION --alias ${alias}\``,
      });
    }
    const where = { project: this.project, name, ...(version === undefined ? {} : { version }) };
    const found = await this.manager.findOne(ModelVersionEntity, { where, order: { version: 'DESC' } });
    if (found) return found;
    const { versions } = await this.show(name);
    throw new NotFoundError({ code: 'version-unknown', facts: { name, version: version ?? null }, message: `expected a version of ${name} from 1 to ${versions.at(-1)!.version}; got ${version}` });
  }

  /** Registers a model as the next version of a name; bytes that the name has already keep their version. */
  async register(name: string, artifact: ArtifactRef, family: string, runId: string | null): Promise<number> {
    await serialize(this.manager, `model ${this.project}/${name}`);
    const known = await this.manager.findOne(ModelVersionEntity, { where: { project: this.project, name, digest: artifact.digest }, order: { version: 'DESC' } });
    if (known) return known.version;
    const latest = await this.manager.findOne(ModelVersionEntity, { where: { project: this.project, name }, order: { version: 'DESC' } });
    const version = (latest?.version ?? 0) + 1;
    await this.manager.insert(ModelVersionEntity, { project: this.project, name, version, digest: artifact.digest, family, runId, createdAt: new Date().toISOString() });
    return version;
  }

  /** Points an alias at a version and notes the change; pointing it where it points already is no change. @throws NotFoundError */
  async setAlias(name: string, alias: string, version: number, runId: string | null): Promise<void> {
    await serialize(this.manager, `model ${this.project}/${name}`);
    await this.resolve({ name, version });
    const before = await this.manager.findOneBy(ModelAliasEntity, { project: this.project, name, alias });
    if (before?.version === version) return;
    await this.manager.save(ModelAliasEntity, { project: this.project, name, alias, version });
    await this.manager.insert(AliasChangeEntity, { id: newId(), project: this.project, name, alias, version, previousVersion: before?.version ?? null, at: new Date().toISOString(), runId });
  }

  /** What each alias pointed at, oldest first; with `at` only the changes that held then, one for each alias. @throws NotFoundError */
  async history(name: string, { alias, at }: { alias?: string; at?: string } = {}): Promise<AliasChange[]> {
    await this.show(name);
    const where = { project: this.project, name, ...(alias === undefined ? {} : { alias }), ...(at === undefined ? {} : { at: LessThanOrEqual(new Date(at).toISOString()) }) };
    const changes = await this.manager.find(AliasChangeEntity, { where, order: { id: 'ASC' } });
    const wanted = at === undefined ? changes : [...new Map(changes.map((change) => [change.alias, change])).values()];
    return wanted.map(({ alias: changed, version, previousVersion, at: time, runId }) => ({ alias: changed, version, previousVersion, at: time, runId }));
  }

  private async views(versions: readonly ModelVersionEntity[]): Promise<ModelView[]> {
    if (versions.length === 0) return [];
    const refs = await new ArtifactsRepository(this.manager, this.project).refsOf(versions.map(({ digest }) => digest));
    const pointers = await this.manager.findBy(ModelAliasEntity, { project: this.project });
    return [...Map.groupBy(versions, ({ name }) => name)].map(([name, own]) => {
      const aliases = pointers.filter((pointer) => pointer.name === name);
      return {
        name,
        project: this.project,
        versions: own.map(({ version, digest, family, runId, createdAt }) => ({
          name, version, artifact: refs.get(digest)!, family, aliases: aliases.filter((pointer) => pointer.version === version).map(({ alias }) => alias), runId, createdAt,
        })),
        aliases: Object.fromEntries(aliases.map(({ alias, version }) => [alias, version])),
      };
    });
  }

  private async unknown(name: string): Promise<NotFoundError> {
    const rows = await this.manager.createQueryBuilder(ModelVersionEntity, 'model').select('DISTINCT model.name', 'name').where({ project: this.project }).orderBy('model.name').limit(20).getRawMany<{ name: string }>();
    return new NotFoundError({
      code: 'model-unknown', facts: { name },
      message: `expected a registered model of project "${this.project}" (${rows.map((row) => row.name).join(', ') || 'it has none'}); got "${name}"; import one with \`tunesmith model import PATH --name ${name}\`, or give a path: an absolute one, in the terminal also ./${name}`,
    });
  }
}
