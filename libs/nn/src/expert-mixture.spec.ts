import { liveTensors, ops, randn, RandomGenerator, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { ExpertMixture } from './expert-mixture.js';
import { Linear } from './linear.js';

beforeAll(() => setThreads(1));

const hidden = 6;
const generator = new RandomGenerator(5);
const draw = (shape: number[]) => randn(shape, { generator, requiresGrad: true });

function mixtureOf(count: number, perToken: number) {
  const router = new Linear('gate', draw([count, hidden]));
  const experts = Array.from({ length: count }, (_, index) => new Linear(`experts.${index}`, draw([hidden, hidden])));
  return { router, experts, mixture: new ExpertMixture('', router, experts, perToken) };
}

/** Every expert on every token; those that are not chosen weigh nothing. */
function naive(x: Tensor, { router, experts }: ReturnType<typeof mixtureOf>, perToken: number): Tensor {
  const scores = ops.softmax(router.forward(x), -1);
  const least = ops.narrow(ops.topk(scores, perToken, -1)[0], 1, perToken - 1, 1);
  const chosen = ops.maskedFill(scores, ops.lt(scores, least), 0);
  const weights = ops.div(chosen, ops.sum(chosen, [-1], true));
  return experts.map((expert, index) => ops.mul(expert.forward(x), ops.narrow(weights, 1, index, 1))).reduce((sum, part) => ops.add(sum, part));
}

test.each([
  [1, 4, 2],
  [9, 4, 2],
  [17, 3, 1],
  [5, 3, 3],
])('%i tokens, %i experts, %i each: results and all gradients are those of the dense computation', (tokens, count, perToken) => {
  const parts = mixtureOf(count, perToken);
  const parameters = [...parts.mixture.parameters().values()];
  const run = (forward: (x: Tensor) => Tensor) =>
    scope(() => {
      const x = randn([tokens, hidden], { generator: new RandomGenerator(1), requiresGrad: true });
      const out = forward(x);
      ops.sumAll(ops.mul(out, randn(out.shape, { generator: new RandomGenerator(2) }))).backward();
      const gradients = [x, ...parameters].map((parameter) => parameter.grad?.toArray() ?? Array<number>(parameter.shape.reduce((a, b) => a * b)).fill(0));
      for (const parameter of parameters) parameter.zeroGrad();
      return { out: out.toArray(), gradients };
    });
  const [sparse, dense] = [run((x) => parts.mixture.forward(x)), run((x) => naive(x, parts, perToken))];
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 4));
  expect(sparse.out).toEqual(close(dense.out));
  expect(sparse.gradients).toEqual(dense.gradients.map(close));
  parts.mixture[Symbol.dispose]();
});

test('an expert that no token chose does not compute and has no gradient', () => {
  const { router, experts, mixture } = mixtureOf(4, 2);
  scope(() => ops.sumAll(ops.square(mixture.forward(randn([1, hidden], { generator })))).backward());
  expect(experts.filter(({ weight }) => weight.grad === null)).toHaveLength(2);
  expect(router.weight.grad).not.toBeNull();
  mixture[Symbol.dispose]();
});

test('in a scope it leaves nothing behind', () => {
  const { mixture } = mixtureOf(3, 2);
  const before = liveTensors();
  scope(() => void mixture.forward(randn([7, hidden], { generator })));
  expect(liveTensors()).toBe(before);
  mixture[Symbol.dispose]();
});
