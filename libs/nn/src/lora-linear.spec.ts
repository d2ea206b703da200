import { ops, randn, RandomGenerator, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { Dropout } from './dropout.js';
import { LinearGroup } from './linear-group.js';
import { LoraLinear, loraScaling } from './lora-linear.js';
import { loraParts } from './lora-parts.js';
import type { LinearLike } from './parts.js';
import { plainParts } from './plain-parts.js';
import { seedOfStep, StepNoise } from './step-noise.js';

beforeAll(() => setThreads(1));

const plain = plainParts({ dtype: 'float32' });

/** A LoraLinear [5, 3] with drawn weights and a B that is not zero. */
function drawnLora({ dropout }: { dropout?: Dropout } = {}): LoraLinear {
  const linear = new LoraLinear(plain.linear('layer', 3, 5, { bias: true }), { rank: 2, alpha: 6, dropout, generator: new RandomGenerator(1) });
  fill([linear]);
  return linear;
}

test('starts as the frozen linear: A is drawn within 1 / sqrt(in), B is zero; same seed, same A', () => {
  const make = (seed: number) => new LoraLinear(plain.linear('x', 300, 4), { rank: 8, alpha: 16, generator: new RandomGenerator(seed) });
  const linear = make(7);
  const drawn = linear.loraA.toArray();
  expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(300));
  expect(Math.max(...drawn.map(Math.abs))).toBeGreaterThan(0.98 / Math.sqrt(300));
  expect(linear.loraB.toArray().every((number) => number === 0)).toBe(true);
  expect(make(7).loraA.toArray()).toEqual(drawn);
  expect(make(8).loraA.toArray()).not.toEqual(drawn);
});

test('parameters are named as PEFT names them, and only those of the update want gradients', () => {
  const linear = drawnLora();
  expect([...linear.parameters()].map(([name, parameter]) => [name, parameter.shape, parameter.requiresGrad])).toEqual([
    ['layer.lora_A.weight', [2, 3], true],
    ['layer.lora_B.weight', [5, 2], true],
    ['layer.weight', [5, 3], false],
    ['layer.bias', [5], false],
  ]);
});

test('forward equals the merged weight', () => {
  scope(() => {
    const linear = drawnLora();
    const input = randn([4, 3], { generator: new RandomGenerator(9) });
    const merged = ops.linear(input, linear.merged(), linear.bias);
    expect(ops.amax(ops.abs(ops.sub(linear.forward(input), merged))).item()).toBeLessThan(1e-5);
  });
});

test('rank-stabilized updates are scaled by alpha / sqrt(rank)', () => {
  expect(loraScaling({ rank: 4, alpha: 6 })).toBe(1.5);
  expect(loraScaling({ rank: 4, alpha: 6, rankStabilized: true })).toBe(3);
});

test('dropout zeroes inputs of the update alone, follows seed and step, and is off outside of steps', () => {
  scope(() => {
    const input = randn([200, 3], { generator: new RandomGenerator(9) });
    const update = (linear: LoraLinear) => ops.sub(linear.forward(input), linear.base.forward(input)).toArray();
    const noise = new StepNoise(1);
    const linear = drawnLora({ dropout: new Dropout(0.5, noise) });
    noise.begin(3);
    const first = update(linear);
    expect(update(linear)).not.toEqual(first);
    noise.begin(4);
    expect(update(linear)).not.toEqual(first);
    noise.begin(3);
    expect(update(linear)).toEqual(first);
    noise.end();
    const whole = update(linear);
    const exact = ops.sub(ops.linear(input, linear.merged(), null), ops.linear(input, linear.weight, null)).toArray();
    whole.forEach((number, index) => expect(number).toBeCloseTo(exact[index] ?? NaN, 4));
  });
});

test('steps and seeds have streams of their own', () => {
  const seeds = new Set<number>();
  for (let seed = 0; seed < 100; seed += 1) for (let step = 0; step < 100; step += 1) seeds.add(seedOfStep(seed, step));
  expect(seeds.size).toBeGreaterThan(9980); // 10,000 draws of 2^32 meet about 0.01 times
  expect(() => new StepNoise(1).generator).toThrow(/begin/);
});

describe('LinearGroup', () => {
  const cases: [string, MemberSettings[]][] = [
    ['equal members', [{}, {}]],
    ['different widths, ranks and scalings', [{ out: 4, rank: 1 }, { alpha: 3, rank: 3 }, { out: 2 }]],
    ['no biases', [{ bias: false }, { bias: false }]],
    ['some biases', [{ bias: false }, {}]],
    ['a member without LoRA', [{}, { rank: null }, { out: 2 }]],
    ['dropout', [{ dropout: 0.3 }, { dropout: 0.3 }]],
  ];

  test.each(cases)('has the results and gradients of its members: %s', (_, settings) => {
    scope(() => {
      const input = randn([6, 3], { generator: new RandomGenerator(5), requiresGrad: true });
      const separate = makeMembers(settings);
      fill(separate);
      const expected = resultsAndGradients(separate.map((member) => member.forward(input)), separate, input);
      // The group moves its members' weights, so they are filled once it stands, as loadModel does.
      const members = makeMembers(settings);
      const group = new LinearGroup('group', members);
      fill(members);
      const actual = resultsAndGradients(group.forward(input), members, input);
      actual.forEach((numbers, index) => numbers.forEach((number, place) => expect(number / (expected[index]?.[place] ?? NaN)).toBeCloseTo(1, 3)));
    });
  });

  test('members whose own weights are trained keep their gradients', () => {
    scope(() => {
      const linear = [plain.linear('a', 3, 2), plain.linear('b', 3, 4)] as const;
      const group = new LinearGroup('group', linear);
      fill(linear);
      for (const member of linear) member.weight.setRequiresGrad(true);
      const input = randn([6, 3], { generator: new RandomGenerator(5) });
      const [first, second] = group.forward(input);
      ops.add(ops.sumAll(first), ops.sumAll(second)).backward();
      const sums = ops.sum(input, 0).toArray();
      for (const member of linear) member.weight.grad?.toArray().forEach((number, index) => expect(number).toBeCloseTo(sums[index % 3] ?? NaN, 4));
    });
  });
});

describe('loraParts', () => {
  const options = { rank: 2, alpha: 4, generator: new RandomGenerator(1) };

  test('targets by the end of the path, as PEFT does', () => {
    const parts = loraParts(plain, { ...options, targetModules: ['q_proj', 'mlp.down_proj'] });
    const tuned = (path: string) => parts.linear(path, 3, 3) instanceof LoraLinear;
    expect(tuned('model.layers.0.self_attn.q_proj')).toBe(true);
    expect(tuned('model.layers.0.mlp.down_proj')).toBe(true);
    expect(tuned('model.layers.0.self_attn.xq_proj')).toBe(false);
    expect(tuned('model.layers.0.mlp.up_proj')).toBe(false);
  });

  test('all-linear leaves the head alone, and naming it is refused', () => {
    expect(loraParts(plain, { ...options, targetModules: 'all-linear' }).linear('lm_head', 3, 3)).not.toBeInstanceOf(LoraLinear);
    expect(() => loraParts(plain, { ...options, targetModules: ['lm_head'] }).linear('lm_head', 3, 3)).toThrow(/lm_head cannot be a target/);
  });
});

interface MemberSettings {
  out?: number;
  /** Null: a plain linear. */
  rank?: number | null;
  alpha?: number;
  dropout?: number;
  bias?: boolean;
}

function makeMembers(settings: readonly MemberSettings[]): LinearLike[] {
  const generator = new RandomGenerator(3);
  const noise = new StepNoise(2);
  noise.begin(0);
  return settings.map(({ out = 5, rank = 2, alpha = 6, dropout = 0, bias = true }, index) => {
    const linear = plain.linear(`layer.${index}`, 3, out, { bias });
    return rank === null ? linear : new LoraLinear(linear, { rank, alpha, dropout: new Dropout(dropout, noise), generator });
  });
}

/** The same numbers for the same members, but for A, which is drawn already. */
function fill(members: readonly LinearLike[]): void {
  const generator = new RandomGenerator(11);
  for (const member of members) {
    for (const [name, parameter] of member.parameters()) if (!name.includes('lora_A')) ops.normalInPlace(parameter.detach(), 0, 1, generator);
  }
}

function resultsAndGradients(results: readonly Tensor[], members: readonly LinearLike[], input: Tensor): number[][] {
  const total = results.map((result, index) => ops.mulScalar(ops.sumAll(ops.square(result)), index + 1)).reduce((sum, part) => ops.add(sum, part));
  total.backward();
  const gradients = [input, ...members.flatMap((member) => (member instanceof LoraLinear ? [member.loraA, member.loraB] : []))].map((tensor) => {
    const numbers = tensor.grad?.toArray() ?? [];
    tensor.zeroGrad();
    return numbers;
  });
  return [...results.map((result) => result.toArray()), ...gradients];
}
