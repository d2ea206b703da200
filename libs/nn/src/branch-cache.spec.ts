import { liveTensors, noGrad, ops, randn, RandomGenerator, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import fc from 'fast-check';
import { packedAttention } from './attention.js';
import { BranchCache, BranchMemory, type Stretch } from './branch-cache.js';

beforeAll(() => setThreads(1));

const [heads, keyValueHeads, headDim] = [4, 2, 4];

/** A stem, branches of it, and leaves of each branch. */
const trees = fc.record({
  stem: fc.integer({ min: 1, max: 9 }),
  branches: fc.array(fc.record({ length: fc.integer({ min: 1, max: 5 }), leaves: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }) }), { minLength: 1, maxLength: 3 }),
  window: fc.option(fc.integer({ min: 1, max: 8 })),
  softcap: fc.option(fc.double({ min: 0.5, max: 2, noNaN: true })),
  seed: fc.nat(),
});

interface Part { readonly query: Tensor; readonly key: Tensor; readonly value: Tensor }

test('rows that continue stretches attend as the whole row would', () => {
  const before = liveTensors();
  fc.assert(
    fc.property(trees, ({ stem, branches, window, softcap, seed }) =>
      scope(() =>
        noGrad(() => {
          const generator = new RandomGenerator(seed);
          const draw = (length: number): Part => ({ query: randn([length, heads, headDim], { generator }), key: randn([length, keyValueHeads, headDim], { generator }), value: randn([length, keyValueHeads, headDim], { generator }) });
          const join = (parts: readonly Part[]): Part => ({ query: ops.cat(parts.map(({ query }) => query), 0), key: ops.cat(parts.map(({ key }) => key), 0), value: ops.cat(parts.map(({ value }) => value), 0) });
          const boundariesOf = (parts: readonly Part[]) => parts.reduce((ends, { query }) => [...ends, (ends.at(-1) ?? 0) + (query.shape[0] ?? 0)], [0]);
          const pass = (parts: readonly Part[], pasts: readonly (readonly Stretch[])[], memory?: BranchMemory): Tensor[] => {
            const { query, key, value } = join(parts);
            const boundaries = boundariesOf(parts);
            using cache = new BranchCache(pasts, memory);
            const attended = packedAttention(query, key, value, { boundaries, scale: 0.5, window, softcap, cache: cache.layer(0) });
            cache.advance(boundaries);
            return parts.map((part, row) => ops.narrow(attended, 0, boundaries[row] ?? 0, part.query.shape[0] ?? 0));
          };
          const expectWhole = (parts: readonly Part[], ours: Tensor): void => {
            const { query, key, value } = join(parts);
            const whole = packedAttention(query, key, value, { boundaries: [0, query.shape[0] ?? 0], scale: 0.5, window, softcap });
            const length = ours.shape[0] ?? 0;
            expect(ops.amax(ops.abs(ops.sub(ours, ops.narrow(whole, 0, (query.shape[0] ?? 0) - length, length)))).item()).toBeLessThan(1e-5);
          };

          using stems = new BranchMemory();
          using twigs = new BranchMemory();
          const root = draw(stem);
          expectWhole([root], pass([root], [[]], stems)[0]!);
          const middle = branches.map(({ length }) => draw(length));
          pass(middle, middle.map(() => [{ memory: stems, row: 0 }]), twigs).forEach((ours, row) => expectWhole([root, middle[row]!], ours));
          const leaves = branches.flatMap(({ leaves: lengths }, row) => lengths.map((length) => ({ row, part: draw(length) })));
          if (leaves.length === 0) return;
          const pasts = leaves.map(({ row }) => [{ memory: stems, row: 0 }, { memory: twigs, row }]);
          pass(leaves.map(({ part }) => part), pasts).forEach((ours, index) => expectWhole([root, middle[leaves[index]!.row]!, leaves[index]!.part], ours));
        }),
      ),
    ),
    { numRuns: 60 },
  );
  expect(liveTensors()).toBe(before);
});

test('refuses a batch of other rows, and a memory that is gone', () => {
  scope(() => {
    const memory = new BranchMemory();
    expect(() => memory.heldIn(0)).toThrow(expect.objectContaining({ code: 'cache-empty' }));
    expect(() => new BranchCache([[], []]).advance([0, 1])).toThrow(expect.objectContaining({ code: 'cache-rows' }));
  });
});
