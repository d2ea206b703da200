import { mediaTypes, withArticle, type ArtifactKind, type ArtifactRef, type Digest, type GivenDigest, type LineageView } from '@tunesmith/contracts';
import { In, type EntityManager } from 'typeorm';
import { NotFoundError, RefusedError } from '../errors.js';
import { insertNewRows } from '../rows.js';
import { ArtifactEntity } from './artifact.entity.js';
import { LineageEdgeEntity } from './lineage-edge.entity.js';
import { wholeDigest } from './whole-digest.js';

/** Where an artifact came from. */
export interface Origin {
  readonly runId: string;
  readonly step: string;
}

/** The artifacts of one project and what they were made of. */
export class ArtifactsRepository {
  constructor(private readonly manager: EntityManager, private readonly project: string) {}

  /** Notes an artifact with its parents by role. What is known already stays as it was first noted: the same bytes have one origin. */
  async record(artifact: ArtifactRef, family: string | null, parents: readonly { role: string; digest: Digest }[], origin: Origin): Promise<void> {
    const { digest, size, mediaType } = artifact;
    const common = { project: this.project, ...origin };
    await insertNewRows(this.manager, ArtifactEntity, [{ ...common, digest, size, mediaType, family, createdAt: new Date().toISOString() }]);
    const others = parents.filter((parent) => parent.digest !== digest);
    await insertNewRows(this.manager, LineageEdgeEntity, others.map((parent) => ({ ...common, child: digest, parent: parent.digest, role: parent.role })));
  }

  /** @throws RefusedError where the digest is shortened and stands for several */
  async find(digest: GivenDigest): Promise<ArtifactEntity | null> {
    const whole = await wholeDigest(this.manager, digest, this.project);
    return whole === undefined ? null : this.manager.findOneBy(ArtifactEntity, { project: this.project, digest: whole });
  }

  async refsOf(digests: readonly Digest[]): Promise<Map<Digest, ArtifactRef>> {
    const found = await this.manager.findBy(ArtifactEntity, { project: this.project, digest: In([...new Set(digests)]) });
    return new Map(found.map((artifact) => [artifact.digest, refOf(artifact)]));
  }

  /** @throws NotFoundError where the project has no such artifact; RefusedError where it is of another kind. */
  async require(digest: GivenDigest, expected: ArtifactKind): Promise<ArtifactRef> {
    const artifact = await this.find(digest);
    if (!artifact) throw new NotFoundError({ code: 'artifact-unknown', message: `expected the digest of an artifact of project "${this.project}"; got ${digest}; see \`tunesmith model list\` and \`tunesmith dataset list\``, facts: { digest } });
    if (artifact.mediaType !== mediaTypes[expected]) {
      const kind = Object.entries(mediaTypes).find(([, mediaType]) => mediaType === artifact.mediaType)?.[0] ?? artifact.mediaType;
      throw new RefusedError({ code: 'artifact-kind', message: `expected ${withArticle(expected)}; ${artifact.digest} is ${withArticle(kind)}`, facts: { digest, expected, kind } });
    }
    return refOf(artifact);
  }

  /** The model that an adapter was made for: its base where that is noted, else the model that was tuned, else that of the adapters that it was made of. @throws RefusedError where none or several are known. */
  async baseOf(adapter: Digest): Promise<ArtifactRef> {
    const bases = await this.basesOf(adapter, new Set());
    const [base, other] = bases;
    if (base !== undefined && other === undefined) return this.require(base, 'model');
    throw new RefusedError({
      code: 'adapter-base-unknown', facts: { adapter, bases: [...bases] },
      message: `expected a model; ${adapter} is an adapter ${base === undefined ? 'whose base is not recorded' : `of several models (${bases.join(', ')})`}; give the base as the model, and the adapter beside it`,
    });
  }

  /** A model; of an adapter its base, and the adapter. @throws NotFoundError, RefusedError */
  async modelOf(digest: GivenDigest): Promise<{ model: ArtifactRef; adapter?: ArtifactRef }> {
    const found = await this.find(digest);
    if (found?.mediaType !== mediaTypes.adapter) return { model: await this.require(digest, 'model') };
    return { model: await this.baseOf(found.digest), adapter: refOf(found) };
  }

  private async basesOf(adapter: Digest, seen: Set<Digest>): Promise<Digest[]> {
    if (seen.has(adapter)) return [];
    seen.add(adapter);
    const edges = await this.manager.find(LineageEdgeEntity, { where: { project: this.project, child: adapter } });
    const inRole = (wanted: RegExp): Digest[] => [...new Set(edges.filter(({ role }) => wanted.test(role)).map(({ parent }) => parent))];
    for (const role of [/^base$/, /^model$/]) if (inRole(role).length > 0) return inRole(role);
    const further: Digest[] = [];
    for (const parent of inRole(/^adapters?$/)) further.push(...(await this.basesOf(parent, seen)));
    return [...new Set(further)];
  }

  /** @throws NotFoundError */
  async lineage(given: GivenDigest): Promise<LineageView> {
    const digest = (await this.find(given))?.digest;
    if (digest === undefined) throw new NotFoundError({ code: 'artifact-unknown', message: `expected the digest of an artifact of project "${this.project}"; got ${given}`, facts: { digest: given } });
    const order = { runId: 'ASC', step: 'ASC', role: 'ASC' } as const;
    const parents = await this.manager.find(LineageEdgeEntity, { where: { project: this.project, child: digest }, order });
    const children = await this.manager.find(LineageEdgeEntity, { where: { project: this.project, parent: digest }, order });
    return {
      digest,
      parents: parents.map(({ parent, role, runId, step }) => ({ digest: parent, role, runId, step })),
      children: children.map(({ child, role, runId, step }) => ({ digest: child, role, runId, step })),
    };
  }
}

function refOf({ digest, size, mediaType }: ArtifactEntity): ArtifactRef {
  return { digest, size, mediaType };
}
