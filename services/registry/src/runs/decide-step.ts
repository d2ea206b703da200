import type { ArtifactRef, GateSpec, PromoteSpec } from '@tunesmith/contracts';
import type { EntityManager } from 'typeorm';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { RefusedError } from '../errors.js';
import { ModelsRepository } from '../models/models.repository.js';
import type { Json } from './expression.js';
import type { GateBound } from './gate-bound.js';
import { gateMetrics, judge } from './gate-condition.js';

export interface Decision {
  readonly outputs: Record<string, ArtifactRef>;
  readonly metrics: Record<string, Json>;
  /** Set where the step does not succeed; the metrics are kept either way. */
  readonly refusal?: RefusedError;
}

/** Judges the metrics of the steps that the gate needs. @throws GateConditionError where the condition names what they do not report. */
export function decideGate(spec: GateSpec, needed: Readonly<Record<string, Record<string, Json>>>): Decision {
  const { holds, values, bounds } = judge(spec.require, gateMetrics(needed));
  const metrics = { require: spec.require, passed: holds, values, ...(bounds.length > 0 && { bounds: bounds.map((bound) => ({ ...bound })) }) };
  if (holds) return { outputs: {}, metrics };
  const came = [...Object.entries(values).map(([name, value]) => `${name} = ${short(value)}`), ...bounds.map(describeBound)].join(', ');
  return { outputs: {}, metrics, refusal: new RefusedError({ code: 'gate-failed', message: `gate: expected ${spec.require}; got ${came}`, facts: metrics }) };
}

function describeBound({ of, operator, required, confidence, estimate, standardError, items, bound, moreItems }: GateBound): string {
  const side = operator.startsWith('>') ? 'at least' : 'at most';
  const sure = `${of} is ${short(estimate)} ± ${short(standardError)} over ${items} items, so with ${confidence}% confidence ${side} ${short(bound)}`;
  if (moreItems === 0) return `${sure}, which is enough`;
  return `${sure} (required: ${operator} ${short(required)}; ${moreItems === null ? 'the estimate itself is no better, so more items alone would not help' : `${moreItems} more items would show it if the estimate stays`})`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Registers the model as a version of the name and points the alias at it. */
export async function decidePromotion(spec: PromoteSpec, transaction: EntityManager, project: string, runId: string): Promise<Decision> {
  if (spec.name === undefined) throw new RefusedError({ code: 'promote-name-missing', message: 'promote: expected a name; got none; add name: NAME' });
  const models = new ModelsRepository(transaction, project);
  const family = (await new ArtifactsRepository(transaction, project).find(spec.model.digest))?.family ?? 'unknown';
  const version = await models.register(spec.name, spec.model, family, runId);
  await models.setAlias(spec.name, spec.alias, version, runId);
  return { outputs: { model: spec.model }, metrics: { name: spec.name, version, alias: spec.alias } };
}
