import { liveTensors, ops, RandomGenerator, randn, scope, type Tensor } from '@tunesmith/tensor';
import { ExactLayer } from './exact-layer.js';
import { hessian, inverseFactor } from './inverse-factor.js';

const [tokens, columns, rows] = [1300, 24, 7]; // more tokens than are computed at a time
const damping = 0.05;

function draw(seed: number): { exact: Tensor; input: Tensor; weight: Tensor; lack: Tensor } {
  const generator = new RandomGenerator(seed);
  const exact = ops.matmul(randn([tokens, columns], { generator }), randn([columns, columns], { generator }));
  const input = ops.add(exact, ops.mulScalar(randn([tokens, columns], { generator }), 0.4));
  return { exact, input, weight: randn([rows, columns], { generator }), lack: ops.add(ops.mulScalar(randn([tokens, rows], { generator }), 0.2), ops.mulScalar(ops.narrow(input, 1, 0, rows), 0.1)) };
}

const factorOf = (input: Tensor) => inverseFactor(hessian(input, 'w'), { damping, byActivation: true, path: 'w' });
const linear = (weight: Tensor, role = 'attn_q') => ({ path: 'layers.0.linear', role, weight });
const layer = (exact: Tensor, lack?: Tensor) => new ExactLayer(new Map([['layers.0.linear', exact]]), lack);
const farthest = (one: Tensor, other: Tensor): number => ops.amax(ops.abs(ops.sub(ops.toDtype(one, 'float64'), other)), [0, 1]).item();

/** The definition in float64: of all weights that with which ‖X Wᵀ + L − X′ W′ᵀ‖² · 2 / tokens + damping · mean · ‖W′ − W‖² is least. */
function byDefinition({ exact, input, weight, lack }: { exact: Tensor; input: Tensor; weight: Tensor; lack?: Tensor }): Tensor {
  const [x, given, w] = [exact, input, weight].map((each) => ops.toDtype(each, 'float64')) as [Tensor, Tensor, Tensor];
  const moments = ops.mulScalar(ops.matmul(ops.t(given), given), 2 / tokens);
  const damped = ops.add(moments, ops.diag(ops.mulScalar(ops.onesLike(ops.diagonal(moments)), damping * ops.meanAll(ops.diagonal(moments)).item())));
  let wished = ops.matmul(x, ops.t(w));
  if (lack) wished = ops.add(wished, ops.toDtype(lack, 'float64'));
  const lost = ops.mulScalar(ops.matmul(ops.t(ops.sub(wished, ops.matmul(given, ops.t(w)))), given), 2 / tokens);
  return ops.add(w, ops.matmul(lost, ops.inverse(damped)));
}

test('what is wanted of other inputs is what the definition gives, and computes nearer to what the layer as it is computes', () => {
  scope(() => {
    const { exact, input, weight } = draw(1);
    const wanted = layer(exact).wanted(linear(weight), input, factorOf(input));
    expect(farthest(wanted, byDefinition({ exact, input, weight }))).toBeLessThan(1e-4);
    const missed = (own: Tensor) => ops.sumAll(ops.square(ops.sub(ops.matmul(exact, ops.t(weight)), ops.matmul(input, ops.t(own))))).item();
    expect(missed(wanted)).toBeLessThan(0.95 * missed(weight));
  });
});

test('linears that write into the sum make up for what it lacks, others do not', () => {
  scope(() => {
    const { exact, input, weight, lack } = draw(2);
    const wantedBy = (role: string) => layer(exact, lack).wanted(linear(weight, role), input, factorOf(input));
    for (const role of ['attn_output', 'ffn_down']) expect(farthest(wantedBy(role), byDefinition({ exact, input, weight, lack }))).toBeLessThan(1e-4);
    for (const role of ['attn_v', 'ffn_up']) expect(farthest(wantedBy(role), byDefinition({ exact, input, weight }))).toBeLessThan(1e-4);
  });
});

test('what the sum lacks grows by what a linear loses from being rounded', () => {
  scope(() => {
    const { exact, input, weight, lack } = draw(3);
    const values = ops.mulScalar(ops.round(ops.mulScalar(weight, 4)), 0.25);
    const own = ops.clone(lack);
    const beside = layer(exact, own);
    beside.rounded(linear(weight, 'attn_q'), input, values);
    expect(ops.equal(own, lack)).toBe(true);
    beside.rounded(linear(weight, 'attn_output'), input, values);
    const [x, given, w, v] = [exact, input, weight, values].map((each) => ops.toDtype(each, 'float64')) as [Tensor, Tensor, Tensor, Tensor];
    expect(farthest(own, ops.add(ops.toDtype(lack, 'float64'), ops.sub(ops.matmul(x, ops.t(w)), ops.matmul(given, ops.t(v)))))).toBeLessThan(1e-4);
  });
});

test('the weight stays where the layer as it is saw other tokens, as experts do, or none', () => {
  scope(() => {
    const { exact, input, weight, lack } = draw(4);
    const factor = factorOf(input);
    expect(layer(ops.narrow(exact, 0, 0, 9), lack).wanted(linear(weight), input, factor)).toBe(weight);
    expect(new ExactLayer(new Map(), lack).wanted(linear(weight), input, factor)).toBe(weight);
  });
});

test('keeps nothing', () => {
  const before = liveTensors();
  scope(() => {
    const { exact, input, weight, lack } = draw(5);
    using beside = new ExactLayer(new Map([['one', exact], ['layers.0.linear', exact]]), lack);
    const live = liveTensors();
    const factor = factorOf(input);
    const made = liveTensors() - live;
    beside.wanted(linear(weight, 'ffn_down'), input, factor);
    beside.rounded(linear(weight, 'ffn_down'), input, weight);
    expect(liveTensors() - live - made).toBe(1);
  });
  expect(liveTensors()).toBe(before);
});
