import type { DomainSchedule } from './domain-options.js';
import { forgettingDegree, learnablePotential, reweighDomains, type DomainState } from './reweigh-domains.js';

// The test vector of facts/seeds.md 2.3, computed from the paper's formulas.
const of = ([one, two, three]: readonly [number, number, number]): Record<string, number> => ({ one, two, three });
const state: DomainState = { weights: of([0.2, 0.3, 0.5]), losses: of([2, 1.5, 1]), references: of([1.2, 1.2, 1.1]), earlier: of([2.2, 1.4, 0.9]) };
const update = { update: 'multiplicative', sigma: 0.5, score: 'ratio' } as const;
const expansion = { kind: 'expansion', target: 'one', delta: 0.1, epsilon: 1, hold: 'keep', limit: 0.95, ...update } as const;
const rounded = (shares: Readonly<Record<string, number>>): number[] => Object.values(shares).map((share) => Number(share.toFixed(6)));

test('learnable potential and forgetting degree', () => {
  expect(Object.keys(state.losses).map((domain) => Number(learnablePotential(state.losses[domain]!, state.references[domain]!).toFixed(6)))).toEqual([0.4, 0.2, 0]);
  expect(Object.keys(state.losses).map((domain) => Number(forgettingDegree(state.losses[domain]!, state.earlier![domain]).toFixed(6)))).toEqual([0, 0.071429, 0.111111]);
  expect([learnablePotential(0, 1), forgettingDegree(1, undefined), forgettingDegree(1, 0)]).toEqual([0, 0, 0]);
});

test.each<[string, DomainSchedule, number[]]>([
  ['fixed', { kind: 'fixed' }, [0.2, 0.3, 0.5]],
  ['fostering, multiplicative', { kind: 'fostering', ...update }, [0.224299, 0.308411, 0.46729]],
  ['fostering, exponential by the difference', { kind: 'fostering', ...update, update: 'exponential', score: 'difference' }, [0.341738, 0.310912, 0.347351]],
  ['fostering, exponential by the ratio', { kind: 'fostering', ...update, update: 'exponential', score: 'ratio' }, [0.267064, 0.32798, 0.404956]],
  ['fostering, exponential by the loss', { kind: 'fostering', ...update, update: 'exponential', score: 'loss' }, [0.35342, 0.32154, 0.32504]],
  ['expansion, growing', expansion, [0.3, 0.278313, 0.421687]],
  ['expansion, held because the others forget more', { ...expansion, epsilon: 0.2 }, [0.2, 0.318072, 0.481928]],
  ['expansion, held at the re-weighted share', { ...expansion, epsilon: 0.2, hold: 'reweighted' }, [0.224299, 0.308411, 0.46729]],
  ['expansion, up to its limit', { ...expansion, delta: 0.5, limit: 0.4 }, [0.4, 0.238554, 0.361446]],
])('%s', (_name, schedule, expected) => {
  expect(rounded(reweighDomains(schedule, state))).toEqual(expected);
});

test('without an earlier evaluation nothing is forgotten yet, and a target that began alone leaves its limit as it is', () => {
  const { earlier: _none, ...first } = state;
  expect(rounded(reweighDomains({ ...expansion, epsilon: 0.01 }, first))[0]).toBe(0.3);
  expect(rounded(reweighDomains(expansion, { ...state, weights: of([1, 0, 0]) }))).toEqual([1, 0, 0]);
});
