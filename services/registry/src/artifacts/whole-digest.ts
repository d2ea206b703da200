import { Digest, type GivenDigest } from '@tunesmith/contracts';
import { Like, type EntityManager } from 'typeorm';
import { RefusedError } from '../errors.js';
import { ArtifactEntity } from './artifact.entity.js';

const shownCandidates = 5;

/**
 * What a digest means as somebody gave it: the only place that knows shortened ones. Undefined where nothing begins with it;
 * a whole one is not looked up. Without a project those of all are looked at. @throws RefusedError where it stands for several artifacts
 */
export async function wholeDigest(manager: EntityManager, given: GivenDigest, project?: string): Promise<Digest | undefined> {
  const beginning = given.replace(/…$/, '');
  if (Digest.safeParse(beginning).success) return beginning;
  const found = await manager.find(ArtifactEntity, { where: { ...(project === undefined ? {} : { project }), digest: Like(`${beginning}%`) }, order: { digest: 'ASC' } });
  const candidates = [...new Set(found.map(({ digest }) => digest))];
  if (candidates.length <= 1) return candidates[0];
  const others = candidates.length - shownCandidates;
  throw new RefusedError({
    code: 'digest-ambiguous', facts: { digest: given, candidates },
    message: `expected the beginning of one digest; ${candidates.length} artifacts begin with ${beginning}: ${candidates.slice(0, shownCandidates).join(', ')}${others > 0 ? ` and ${others} more` : ''}; give more of its digits`,
  });
}
