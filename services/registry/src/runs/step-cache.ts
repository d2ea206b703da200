import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { Digest, StepKind } from '@tunesmith/contracts';
import type { ArtifactStore } from '@tunesmith/platform';
import type { EntityManager } from 'typeorm';
import type { Json } from './expression.js';
import { StepResultEntity } from './step-result.entity.js';

/** Part of every key. Raise it when a change makes other results of the same inputs in many kinds of steps; of one kind, raise its `revision`. */
const engine = 3;

/** The same value as the same text: keys sorted, no spaces. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.keys(value).sort().filter((key) => value[key] !== undefined).map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`).join(',')}}`;
}

/**
 * Everything that decides what a step makes: its kind, its whole specification with every reference resolved to a digest, the engine, and the kind's revision.
 * An import is decided by the bytes that it reads, not by where they stand or what they will be called. Null: never to be reused.
 */
export function cacheKey(kind: StepKind, spec: Readonly<Record<string, Json>>, contentDigest: Digest | null): string | null {
  if (!kind.cacheable && contentDigest === null) return null;
  // What an evaluated server answers today says nothing of tomorrow.
  if (kind.name === 'evaluate' && spec['address'] !== undefined) return null;
  const { name: _name, ...unnamed } = spec;
  const { path, alias: _alias, upload: _upload, ...options } = unnamed;
  // What `name` says is made the same way whatever it will be called; only a promotion is about the name itself.
  const decisive = contentDigest === null ? (kind.outputs['dataset'] ? unnamed : { ...spec }) : { ...options, contentDigest, extension: extname(String(path)) };
  return createHash('sha256').update(canonicalJson({ kind: kind.name, spec: decisive, engine, ...(kind.revision !== undefined && { revision: kind.revision }) })).digest('hex');
}

/** An earlier result whose artifacts are all still stored. */
export async function findResult(transaction: EntityManager, store: ArtifactStore, project: string, key: string): Promise<StepResultEntity | undefined> {
  const found = await transaction.findOneBy(StepResultEntity, { project, cacheKey: key });
  if (!found) return undefined;
  const stored = await Promise.all(Object.values(found.outputs).map(({ digest }) => store.has(digest)));
  return stored.every(Boolean) ? found : undefined;
}
