import { ops, type Tensor } from '@tunesmith/tensor';
import type { MergeInput, MergeMethod } from '../merge-method.js';
import { flat, mapPieces } from '../pieces.js';

const granularities = ['model', 'layer', 'module', 'matrix', 'parameter'] as const;
type Granularity = (typeof granularities)[number];

/**
 * VaRM (FuseChat, arXiv 2402.16107, section 3.3, equation 7): each model counts by the share of its squared change from the base, unit by unit. A unit is
 * a single number, a matrix (the paper's choice), a module, a layer or the whole model; a unit where a model did not change at all counts all models
 * the same. Larger units sum their matrices' mean squares, the whole model its squares over all its parameters, as the authors' release does.
 */
export const varm: MergeMethod = {
  name: 'varm',
  title: 'VaRM',
  paper: 'arXiv:2402.16107',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: { granularity: { per: 'weight', kind: 'choice', choices: granularities, description: 'The unit within which the models have one weight each.', default: 'matrix' } },
  survey: {
    needed: (parameters) => !['matrix', 'parameter'].includes(parameters.choice('granularity')),
    measure: ({ base, models }) => [base!.size, ...squaredChanges(base!, models)],
    conclude(measured, parameters) {
      const granularity = parameters.choice('granularity') as Granularity;
      const scores = new Map<string | null, number[]>();
      const total = [...measured.values()].reduce((sum, [size]) => sum + size!, 0);
      for (const [name, [size, ...squares]] of measured) {
        const unit = unitOf(name, granularity);
        const sum = scores.get(unit) ?? squares.map(() => 0);
        scores.set(unit, sum.map((value, index) => value + squares[index]! / (granularity === 'model' ? total : size!)));
      }
      return new Map([...measured.keys()].map((name) => {
        const unit = unitOf(name, granularity);
        return [name, unit === null ? equal(measured.get(name)!.length - 1) : shares(scores.get(unit)!)];
      }));
    },
  },
  merge(input, parameters) {
    const { base, models, findings } = input;
    if (parameters.choice('granularity') === 'parameter') return elementwise(input);
    return ops.mergeLinear(models, findings ?? shares(squaredChanges(base!, models)));
  },
};

function squaredChanges(base: Tensor, models: readonly Tensor[]): number[] {
  return ops.mergeSquaredChanges(base, models).toArray();
}

const equal = (count: number): number[] => Array.from({ length: count }, () => 1 / count);

function shares(scores: readonly number[]): number[] {
  if (scores.some((score) => score === 0)) return equal(scores.length);
  const total = scores.reduce((sum, score) => sum + score, 0);
  return scores.map((score) => score / total);
}

/** The layer, or the part of a layer (attention, feed-forward, each norm), that a weight belongs to; null for weights outside of layers that stand alone. */
function unitOf(name: string, granularity: Granularity): string | null {
  if (granularity === 'model') return '';
  const layer = /^(?:.*?\.)?\d+(?=\.)/.exec(name)?.[0];
  if (granularity === 'layer') return layer ?? null;
  return layer === undefined ? name.replace(/\.[^.]*$/, '') : `${layer}.${name.slice(layer.length + 1).split('.')[0]}`;
}

/** A weight for every number, in float32. */
function elementwise({ base, models, outDtype }: MergeInput): Tensor {
  const merged = mapPieces(flat(base!, ...models), ([from, ...pieces]) => {
    const wide = ops.stack(pieces.map((piece) => ops.toDtype(piece, 'float32')));
    const squares = ops.square(ops.sub(wide, ops.toDtype(from!, 'float32')));
    const unchanged = ops.anyAlong(ops.eqScalar(squares, 0), 0);
    const weights = ops.where(unchanged, ops.fullLike(squares, 1 / models.length), ops.div(squares, ops.sum(squares, 0, true)));
    return ops.sum(ops.mul(weights, wide), 0);
  }, { dtype: outDtype });
  return ops.reshape(merged, base!.shape);
}
