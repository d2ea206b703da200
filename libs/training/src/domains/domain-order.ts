import { checkShares, domainOf, domainWeights, drawRows, expectRows, floorShare, permutation, readDetectedShares, readRows, tagsOf, type DomainShares, type DrawAmount, type Split } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import type { DataOrder } from '../data-order.js';
import type { Evaluation } from '../evaluation.js';
import type { Example, Objective } from '../objective.js';
import type { OrderedExamples } from '../order-examples.js';
import { tokensOf } from '../tokens-of.js';
import { TrainingError } from '../training-error.js';
import type { TrainingMaterial } from '../training-material.js';
import type { DomainEvaluation } from './domain-evaluation.js';
import type { DomainOptions, DomainSchedule } from './domain-options.js';
import { findReferences } from './domain-references.js';
import { forgettingDegree, learnablePotential, reweighDomains } from './reweigh-domains.js';

export type DomainMaterial = TrainingMaterial & { readonly domains: DomainOptions };

/** Draws of domains are other ones than those that order the rows of a round; every domain and round has its own. */
const streamsOfDomain = 0x10000;

/** Which held-out rows evaluations use is the same for every training. */
const heldOutSeed = 0;

/**
 * Rounds of domains by weight, between one evaluation and the next. Each draws `floor(weight * round)` rows or tokens of every domain anew and mixes them;
 * its steps take equal parts of them, in passes of `batch` rows. What a step takes follows from the seed, its number and the weights, which the
 * evaluations before it hold.
 *
 * @throws TrainingError `round-too-small`, `not-held-out`, `target-unknown`, `reference-missing`; DatasetError `domain-unknown`, `domain-empty`, `domain-ambiguous`, `weights-sum`.
 */
export async function domainOrder({ training, heldOut }: OrderedExamples, material: DomainMaterial, objective: Objective, context: WorkContext): Promise<DataOrder> {
  const { domains: options, seed, batch, accumulate, datasetFolder, detectionFolder } = material;
  const evaluateEvery = material.evaluateEvery!;
  const shares = options.shares ?? (detectionFolder === undefined ? undefined : await readDetectedShares(detectionFolder));
  const names = await namesOf(options, shares, datasetFolder);
  expectTarget(options.schedule, names);
  const first = { ...Object.fromEntries(names.map((name) => [name, 0])), ...domainWeights(options.weights, names, shares) };
  const sets = await groupExamples(training, datasetFolder, 'train', names);
  const held = await groupExamples(heldOut, datasetFolder, 'validation', names);
  expectRows(Object.fromEntries(names.map((name) => [name, sets.of(name).length])), 'target' in options.schedule ? { ...first, [options.schedule.target]: 1 } : first);
  const judged = new Map(names.map((name) => [name, atMost(held.of(name), options.heldOutRows)]));
  expectHeldOut(judged);
  const references = findReferences(names, judged, material, objective, context);

  const { roundTokens } = options;
  const total = roundTokens ?? evaluateEvery * batch * accumulate;
  const all = names.flatMap((name) => sets.of(name));
  const perEpoch = (roundTokens === undefined ? all.length : tokensOf(all)) / total;
  const drawRound = ofLastRound((round, weights) => {
    const drawn = names.flatMap((domain, place) => {
      const share = floorShare(weights[domain]!, total);
      if (share === 0) return [];
      const amount: DrawAmount = roundTokens === undefined ? { rows: share } : { tokens: share };
      const { places } = drawRows(sets.of(domain).map(({ tokens }) => tokens), { domain, amount, replacement: options.replacement, seed, stream: streamsOfDomain * (1 + place) + round });
      return places.map((each) => sets.of(domain)[each]!);
    });
    if (drawn.length < evaluateEvery) {
      throw new TrainingError('round-too-small', `train: expected a round to give each of its ${evaluateEvery} steps an example; ${total} ${roundTokens === undefined ? 'rows' : 'tokens'} by these weights are ${drawn.length}. Raise ${roundTokens === undefined ? 'batch or accumulate' : 'roundTokens'}, or lower evaluateEvery.`, { round, drawn: drawn.length, weights });
    }
    return permutation(drawn.length, seed, round).map((each) => drawn[each]!);
  });
  drawRound(0, first);

  return {
    steps: material.steps ?? Math.max(1, Math.round(perEpoch * evaluateEvery * material.epochs)),
    evaluatesFirst: true,
    of(step, evaluations) {
      const round = Math.floor(step / evaluateEvery);
      const drawn = drawRound(round, weightsAt(round * evaluateEvery, evaluations) ?? first);
      const part = step % evaluateEvery;
      const taken = drawn.slice(Math.floor((part * drawn.length) / evaluateEvery), Math.floor(((part + 1) * drawn.length) / evaluateEvery));
      return Array.from({ length: Math.ceil(taken.length / batch) }, (_, pass) => taken.slice(pass * batch, (pass + 1) * batch));
    },
    async evaluate(lossOf, evaluations) {
      const losses: Record<string, number> = {};
      for (const [name, examples] of judged) losses[name] = await lossOf(examples);
      const before = evaluations.at(-1)?.domains;
      const reference = before ? mapped(before, (each) => each.reference) : await references.measure(losses);
      const earlier = before && mapped(before, (each) => each.loss);
      const weights = reweighDomains(options.schedule, { weights: before ? mapped(before, (each) => each.weight) : first, losses, references: reference, ...(earlier && { earlier }) });
      const domains = Object.fromEntries(names.map((name): [string, DomainEvaluation] => [name, {
        loss: losses[name]!, reference: reference[name]!, potential: learnablePotential(losses[name]!, reference[name]!), forgetting: forgettingDegree(losses[name]!, earlier?.[name]), weight: weights[name]!,
      }]));
      return { loss: overAll(losses, judged), domains };
    },
    report: { domainReference: references.kind, rowsOfNoDomain: sets.others },
  };
}

/** What the last evaluation before a round said. */
function weightsAt(step: number, evaluations: readonly Evaluation[]): DomainShares | undefined {
  const found = evaluations.findLast((evaluation) => evaluation.step <= step)?.domains;
  return found && mapped(found, ({ weight }) => weight);
}

/** The names that take part, and that the dataset has rows of. */
async function namesOf({ names, weights }: DomainOptions, shares: DomainShares | undefined, folder: string): Promise<readonly string[]> {
  if (names) return names;
  if (typeof weights === 'object') return Object.keys(checkShares(weights, 'weights'));
  if (shares) return Object.keys(shares);
  const rows: { readonly tags: readonly string[] }[] = [];
  for await (const { tags } of readRows(folder, { split: 'train' })) rows.push({ tags });
  return tagsOf(rows);
}

function expectTarget(schedule: DomainSchedule, names: readonly string[]): void {
  if (schedule.kind !== 'expansion' || (names.length > 1 && names.includes(schedule.target))) return;
  throw new TrainingError('target-unknown', `train: domains.schedule.target: expected one of several domains (${names.join(', ')}); got ${schedule.target}.`, { target: schedule.target, domains: names });
}

interface ExampleSets {
  of(domain: string): readonly Example[];
  /** Examples of no domain. */
  readonly others: number;
}

/** An example knows its row by number, and the row its domain by a tag. */
async function groupExamples(examples: readonly Example[], folder: string, split: Split, names: readonly string[]): Promise<ExampleSets> {
  const domains: (string | undefined)[] = [];
  for await (const row of readRows(folder, { split })) domains.push(domainOf(row, names, domains.length));
  const sets = Map.groupBy(examples, ({ index }) => domains[index]);
  return { of: (domain) => sets.get(domain) ?? [], others: sets.get(undefined)?.length ?? 0 };
}

/** Some of them, the same every time, in their order. */
function atMost(examples: readonly Example[], most = Infinity): readonly Example[] {
  if (examples.length <= most) return examples;
  return permutation(examples.length, heldOutSeed, 0).slice(0, most).sort((left, right) => left - right).map((place) => examples[place]!);
}

function expectHeldOut(judged: ReadonlyMap<string, readonly Example[]>): void {
  const missing = [...judged].filter(([, examples]) => examples.every(({ weight }) => weight === 0)).map(([name]) => name);
  if (missing.length === 0) return;
  throw new TrainingError('not-held-out', `train: expected held-out rows (the validation split) in every domain, because its loss is watched; ${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} none. Mark rows with "split":"validation", or name fewer domains.`, { missing });
}

function overAll(losses: Readonly<Record<string, number>>, judged: ReadonlyMap<string, readonly Example[]>): number {
  const weightOf = (name: string): number => judged.get(name)!.reduce((sum, { weight }) => sum + weight, 0);
  const names = Object.keys(losses);
  return names.reduce((sum, name) => sum + losses[name]! * weightOf(name), 0) / names.reduce((sum, name) => sum + weightOf(name), 0);
}

function mapped<Value>(domains: Readonly<Record<string, DomainEvaluation>>, of: (evaluation: DomainEvaluation) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(domains).map(([name, evaluation]) => [name, of(evaluation)]));
}

/** A round is drawn once for all its steps. */
function ofLastRound(draw: (round: number, weights: DomainShares) => readonly Example[]): (round: number, weights: DomainShares) => readonly Example[] {
  let last: { readonly round: number; readonly weights: string; readonly drawn: readonly Example[] } | undefined;
  return (round, weights) => {
    const written = JSON.stringify(weights);
    if (last?.round !== round || last.weights !== written) last = { round, weights: written, drawn: draw(round, weights) };
    return last.drawn;
  };
}
