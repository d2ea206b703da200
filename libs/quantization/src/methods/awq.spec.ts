import { ops, RandomGenerator, randn, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { awq } from './awq.js';
import type { IntegerGrid } from './integer-grid.js';
import { roundToNearest } from './round-to-nearest.js';
import type { RoundedMatrix } from './rounded-matrix.js';
import type { LayerWork, MethodSettings } from './rounding-method.js';

const grid: IntegerGrid = { bits: 4, symmetric: false, groupSize: 32, leastZero: 0, scaleDtype: 'float32' };
const settings: MethodSettings = { damping: 0.01, actOrder: 'none', alpha: 0.5 };
const [tokens, width, inner] = [200, 64, 96];

const decoded = ({ shape, levels, zeros, scales, grid: { groupSize } }: RoundedMatrix): Tensor =>
  tensor(Float32Array.from(levels, (level, at) => (level - zeros[Math.floor(at / groupSize!)]!) * scales[Math.floor(at / groupSize!)]!), { shape });

/** A gated network after a norm, a few columns of whose input are far larger than the rest. */
function network() {
  const generator = new RandomGenerator(9);
  const sizes = tensor(Float32Array.from({ length: width }, (_, column) => (column % 13 === 4 ? 25 : 0.7)));
  const normed = ops.mul(randn([tokens, width], { generator }), sizes);
  const draw = (role: string, rows: number, columns: number) => ({ path: role, role, grid, weight: randn([rows, columns], { generator }) });
  const linears = [draw('ffn_gate', inner, width), draw('ffn_up', inner, width), draw('ffn_down', width, inner)];
  const weights = linears.map(({ weight }) => weight) as [Tensor, Tensor, Tensor];
  const hidden = (of: readonly Tensor[], input: Tensor) => ops.mul(ops.silu(ops.matmul(input, ops.t(of[0]!))), ops.matmul(input, ops.t(of[1]!)));
  const compute = (of: readonly Tensor[], input: Tensor) => ops.matmul(hidden(of, input), ops.t(of[2]!));
  const norm = { name: 'norm', role: 'ffn_norm.weight', dtype: 'float32', offset: 0, values: new Float32Array(width).fill(1) } as const;
  const layer: LayerWork = { linears, vectors: [norm], compute: (visit) => linears.forEach((linear, at) => expect(visit(linear, at < 2 ? normed : hidden(weights, normed))).toBe(linear.weight)) };
  return { layer, linears, weights, normed, compute };
}

test('what the network computes loses far less than by rounding to nearest; norm and upper linear are divided by what the readers are multiplied with', () => {
  scope(() => {
    const { layer, linears, weights, normed, compute } = network();
    const { matrices, changed } = awq.roundLayer(layer, settings);
    const exact = compute(weights, normed);
    const loss = (of: readonly Tensor[], input: Tensor) => ops.sumAll(ops.square(ops.sub(compute(of, input), exact))).item();
    const nearest = loss(linears.map(({ weight }) => decoded(roundToNearest.round(weight, grid, 'w'))), normed);
    const ours = loss(linears.map(({ path }) => decoded(matrices.get(path)!)), ops.mul(normed, ops.unsqueeze(tensor(changed!.get('norm')!), 0)));
    expect(ours).toBeLessThan(0.6 * nearest);
    // Large columns were made larger, so the norm gives them smaller.
    const norm = changed!.get('norm')!;
    expect(Math.max(...norm.filter((_, column) => column % 13 === 4))).toBeLessThan(Math.min(...norm.filter((_, column) => column % 13 !== 4)));
  });
});

test('a linear that stays as it is keeps what it reads as it is', () => {
  scope(() => {
    const { layer } = network();
    const linears = layer.linears.map((linear) => (linear.role === 'ffn_up' ? { ...linear, grid: null } : linear));
    const { matrices, changed } = awq.roundLayer({ ...layer, linears, compute: (visit) => linears.forEach((linear) => void visit(linear, randn([8, linear.weight.shape[1]!], { generator: new RandomGenerator(1) }))) }, settings);
    expect([...matrices.keys()]).toEqual(['ffn_gate', 'ffn_down']);
    expect(changed!.size).toBe(0);
  });
});
