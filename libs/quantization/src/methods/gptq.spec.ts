import { ops, RandomGenerator, randn, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { gptq, roundByFactor } from './gptq.js';
import { fitGrid, type IntegerGrid } from './integer-grid.js';
import { hessian, inverseFactor, type InverseFactor } from './inverse-factor.js';
import { roundToNearest } from './round-to-nearest.js';
import type { LayerLinear, MethodSettings } from './rounding-method.js';

const grid: IntegerGrid = { bits: 4, symmetric: true, groupSize: 8, leastZero: 0, scaleDtype: 'float32' };
const settings: MethodSettings = { damping: 0.01, actOrder: 'static', alpha: 0.5 };
const [rows, columns, tokens] = [5, 160, 400];

/** Weights, and inputs whose columns go together and differ in size. */
function draw(seed = 3): { weight: Tensor; input: Tensor } {
  const generator = new RandomGenerator(seed);
  const mixed = ops.mulScalar(randn([columns, columns], { generator }), 0.3);
  const sizes = tensor(Float32Array.from({ length: columns }, (_, column) => 0.2 + ((column * 37) % 11) / 3));
  return { weight: randn([rows, columns], { generator }), input: ops.mul(ops.matmul(randn([tokens, columns], { generator }), mixed), sizes) };
}

/**
 * The definition (Optimal Brain Quantization in a fixed order; arXiv 2208.11580, equation 3), a row at a time in float64: round a column, spread its error by the inverse Hessian, take it out. `ties`: the levels to take where a column stands halfway
 * between two but for rounding, as the largest of a symmetric group does when its turn comes first. */
function roundByDefinition(weight: number[][], inverse: number[][], order: readonly number[], gridOf: (row: number, turn: number, left: readonly number[]) => { scale: number; zero: number }, top: number, ties: number[][]): number[][] {
  return weight.map((weights, row) => {
    const left = [...weights];
    const remaining = inverse.map((each) => [...each]);
    const levels = new Array<number>(left.length);
    order.forEach((column, turn) => {
      const { scale, zero } = gridOf(row, turn, left);
      const steps = left[column]! / scale;
      const halfway = Math.abs(Math.abs(steps - Math.trunc(steps)) - 0.5) < 1e-6;
      levels[column] = halfway && Math.abs(ties[row]![column]! - zero - steps) < 0.51 ? ties[row]![column]! : Math.min(top, Math.max(0, Math.round(steps) + zero));
      const error = (left[column]! - (levels[column] - zero) * scale) / remaining[column]![column]!;
      for (const other of order.slice(turn)) left[other]! -= error * remaining[column]![other]!;
      const own = [...remaining[column]!];
      for (const a of order) for (const b of order) remaining[a]![b]! -= (own[a]! * own[b]!) / own[column]!;
    });
    return levels;
  });
}

const matrix = (values: Tensor): number[][] => {
  const all = values.toArray();
  const width = values.shape[1]!;
  return Array.from({ length: values.shape[0]! }, (_, row) => all.slice(row * width, (row + 1) * width));
};

test.each([
  ['none', 8, true], ['none', null, true], ['static', 8, true], ['static', 32, false], ['group', 8, true], ['group', 32, false],
] as const)('order %s, groups of %s, symmetric %s: the levels of the definition', (actOrder, groupSize, symmetric) => {
  scope(() => {
    const { weight, input } = draw();
    const [wide, moments] = [ops.toDtype(weight, 'float64'), ops.toDtype(hessian(input, 'w'), 'float64')];
    const own = { ...grid, groupSize, symmetric };
    const factor = inverseFactor(moments, { damping: 0.01, byActivation: actOrder !== 'none', path: 'w' });
    const { levels, fit, groupOf, values } = roundByFactor(wide, factor, own, actOrder);

    const diagonal = ops.diagonal(moments);
    const inverse = matrix(ops.inverse(ops.add(moments, ops.diag(ops.mulScalar(ops.onesLike(diagonal), 0.01 * ops.meanAll(diagonal).item())))));
    const order = [...factor.order];
    if (actOrder === 'none') expect(order).toEqual(order.map((_, turn) => turn));
    else for (const [turn, column] of order.slice(1).entries()) expect(diagonal.toArray()[column]).toBeLessThanOrEqual(diagonal.toArray()[order[turn]!]!);
    const size = groupSize ?? columns;
    const [scales, zeros] = [matrix(fit.scales), matrix(fit.zeros)];
    const fitted = (numbers: readonly number[]) => {
      const [low, high] = symmetric ? [-Math.max(...numbers.map(Math.abs)), Math.max(...numbers.map(Math.abs))] : [Math.min(0, ...numbers), Math.max(0, ...numbers)];
      return (high - low) / 15;
    };
    const expected = roundByDefinition(matrix(wide), inverse, order, (row, turn, left) => {
      const group = Math.floor((actOrder === 'static' ? order[turn]! : turn) / size);
      // Groups are fitted to what their columns are when the first of them comes, those of the file to what they were.
      const first = actOrder === 'static' || groupSize === null ? undefined : group * size;
      if (first === turn) expect(scales[row]![group]! / fitted(order.slice(first, first + size).map((column) => left[column]!))).toBeCloseTo(1, 5);
      return { scale: scales[row]![group]!, zero: zeros[row]![group]! };
    }, 15, matrix(levels));
    expect(matrix(levels)).toEqual(expected);

    const places = groupOf ?? Int32Array.from({ length: columns }, (_, column) => Math.floor(column / size));
    if (actOrder === 'group') order.forEach((column, turn) => expect(groupOf![column]).toBe(Math.floor(turn / size)));
    matrix(values).forEach((line, row) => line.forEach((value, column) => expect(value).toBeCloseTo((expected[row]![column]! - zeros[row]![places[column]!]!) * scales[row]![places[column]!]!, 6)));
  });
});

/**
 * What the kernel does, column by column with plain operators: [in, out] levels in the order of work, and the grid of each group by the order in which they are met. A product is rounded before
 * it is taken away, never fused; across blocks it is a matrix product, as there.
 */
function roundByOperators(weight: Tensor, { order, factor, dead }: InverseFactor, own: IntegerGrid, actOrder: MethodSettings['actOrder']): { levels: Tensor; scales: Map<number, Tensor> } {
  const size = own.groupSize ?? columns;
  const left = ops.mul(ops.indexSelect(ops.t(weight), 0, tensor(order, { dtype: 'int64' })), ops.unsqueeze(ops.addScalar(ops.neg(dead), 1), 1));
  const before = own.groupSize === null || actOrder === 'static' ? fitGrid(weight, own) : undefined;
  const [scales, zeros] = [new Map<number, Tensor>(), new Map<number, Tensor>()];
  const levels: Tensor[] = [];
  for (let start = 0; start < columns; start += 128) {
    const end = Math.min(columns, start + 128);
    const errors: Tensor[] = [];
    for (let turn = start; turn < end; turn += 1) {
      const group = Math.floor((actOrder === 'static' ? order[turn]! : turn) / size);
      if (!scales.has(group)) {
        const fit = before ?? fitGrid(ops.contiguous(ops.t(ops.narrow(left, 0, turn, size))), { ...own, groupSize: null });
        scales.set(group, ops.select(fit.scales, 1, before ? group : 0));
        zeros.set(group, ops.select(fit.zeros, 1, before ? group : 0));
      }
      const [values, scale, zero] = [ops.select(left, 0, turn), scales.get(group)!, zeros.get(group)!];
      const level = ops.clamp(ops.add(ops.round(ops.div(values, scale)), zero), 0, 15);
      const weights = ops.select(factor, 0, turn);
      const error = ops.div(ops.sub(values, ops.mul(ops.sub(level, zero), scale)), ops.select(weights, 0, turn));
      levels.push(level);
      errors.push(error);
      const later = ops.narrow(left, 0, turn + 1, end - turn - 1);
      ops.copyInPlace(later, ops.sub(later, ops.mul(ops.unsqueeze(ops.narrow(weights, 0, turn + 1, end - turn - 1), 1), ops.unsqueeze(error, 0))));
    }
    if (end < columns) ops.addmmInPlace(ops.narrow(left, 0, end, columns - end), ops.t(ops.narrow(ops.narrow(factor, 0, start, end - start), 1, end, columns - end)), ops.stack(errors), 1, -1);
  }
  return { levels: ops.stack(levels), scales };
}

describe.each(['float32', 'float64'] as const)('in %s', (dtype) => {
  test.each((['none', 'static', 'group'] as const).flatMap((actOrder) => [8, 32, 160, null].flatMap((groupSize) => [true, false].map((symmetric) => [actOrder, groupSize, symmetric] as const))))(
    'order %s, groups of %s, symmetric %s: the same levels and scales as column by column, to the bit',
    (actOrder, groupSize, symmetric) => {
      scope(() => {
        const drawn = draw(5);
        const weight = ops.toDtype(drawn.weight, dtype);
        const own = { ...grid, groupSize, symmetric };
        const factor = inverseFactor(ops.toDtype(hessian(drawn.input, 'w'), dtype), { damping: 0.01, byActivation: actOrder !== 'none', path: 'w' });
        const { levels, fit } = roundByFactor(weight, factor, own, actOrder);
        const wanted = roundByOperators(weight, factor, own, actOrder);
        expect(ops.equal(ops.indexSelect(ops.t(levels), 0, tensor(factor.order, { dtype: 'int64' })), wanted.levels)).toBe(true);
        expect([...wanted.scales.keys()].length).toBe(columns / (groupSize ?? columns));
        for (const [group, scales] of wanted.scales) expect(ops.equal(ops.select(fit.scales, 1, group), scales)).toBe(true);
      });
    },
  );
});

test('in float32 it loses less of what the linear computes than rounding to nearest does', () => {
  scope(() => {
    const { weight, input } = draw(11);
    const linear: LayerLinear = { path: 'w', role: 'attn_q', weight, grid };
    let values: Tensor | undefined;
    const { matrices } = gptq.roundLayer({ linears: [linear], vectors: [], compute: (visit) => void (values = visit(linear, input)) }, settings);
    const loss = (other: Tensor) => ops.sumAll(ops.square(ops.matmul(input, ops.t(ops.sub(weight, other))))).item();
    const decoded = (rounded: ReturnType<typeof roundToNearest.round>) => tensor(Float32Array.from(rounded.levels, (level, at) => (level - 8) * rounded.scales[Math.floor(at / 8)]!), { shape: [rows, columns] });
    const [ours, nearest] = [decoded(matrices.get('w')!), decoded(roundToNearest.round(weight, grid, 'w'))];
    expect(ops.allclose(ours, values!)).toBe(true);
    expect(loss(ours)).toBeLessThan(0.5 * loss(nearest));
  });
});

test('columns that see nothing become zeros, and do not keep the Hessian from being inverted', () => {
  scope(() => {
    const { weight, input } = draw();
    ops.fillInPlace(ops.narrow(input, 1, 40, 3), 0);
    const factor = inverseFactor(hessian(input, 'w'), { damping: 0.01, byActivation: true, path: 'w' });
    const { values } = roundByFactor(weight, factor, grid, 'static');
    for (const line of matrix(values)) expect(line.slice(40, 43)).toEqual([0, 0, 0]);
  });
});

test('with fewer tokens than columns damping makes it invertible', () => {
  scope(() => {
    const { weight, input } = draw();
    const { levels } = roundByFactor(weight, inverseFactor(hessian(ops.narrow(input, 0, 0, 7), 'w'), { damping: 0.01, byActivation: true, path: 'w' }), grid, 'static');
    expect(levels.shape).toEqual([rows, columns]);
  });
});

test('what no token reaches is rounded to nearest, and what has no grid is computed with as it is', () => {
  scope(() => {
    const { weight, input } = draw();
    const [unseen, plain] = [{ path: 'unseen', role: 'ffn_up', weight, grid }, { path: 'plain', role: 'ffn_down', weight, grid: null }];
    const { matrices } = gptq.roundLayer({ linears: [unseen, plain], vectors: [], compute: (visit) => expect(visit(plain, input)).toBe(weight) }, settings);
    expect([...matrices.keys()]).toEqual(['unseen']);
    expect(matrices.get('unseen')).toEqual(roundToNearest.round(weight, grid, 'unseen.weight'));
  });
});

test('inputs that are not finite are refused with the name of the linear', () => {
  expect(() => scope(() => hessian(tensor(new Float32Array([1, NaN]), { shape: [1, 2] }), 'layers.3.up'))).toThrow(expect.objectContaining({ code: 'inputs-not-finite', message: expect.stringContaining('layers.3.up') }));
});
