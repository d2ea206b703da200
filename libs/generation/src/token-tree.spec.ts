import fc from 'fast-check';
import { tokenTree, type TokenNode } from './token-tree.js';

const sequences = fc.array(
  fc.tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 30 }), fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 12 })).map(([stem, length, rest]) => [...Array<number>(length).fill(stem), ...rest]),
  { minLength: 1, maxLength: 12 },
);

test('the path of every sequence spells it, and no node is empty', () => {
  fc.assert(
    fc.property(sequences, (rows) => {
      const { roots, paths } = tokenTree(rows);
      rows.forEach((row, index) => {
        const path = paths[index]!;
        expect(path.flatMap(({ tokenIds }) => tokenIds)).toEqual(row);
        expect(path.map(({ start }) => start)).toEqual(path.map((_, place) => path.slice(0, place).reduce((sum, { tokenIds }) => sum + tokenIds.length, 0)));
        path.forEach((node, place) => expect((place === 0 ? roots : path[place - 1]!.children).includes(node)).toBe(true));
      });
      const count = (nodes: readonly TokenNode[]): number => nodes.reduce((sum, { children }) => sum + 1 + count(children), 0);
      expect(new Set(paths.flat()).size).toBe(count(roots));
    }),
  );
});

test('what many begin with is there once, also below a beginning that is not worth sharing', () => {
  const stem = Array<number>(20).fill(7);
  const { roots } = tokenTree([[...stem, 1], [...stem, 2], [...stem, 2, 3]]);
  expect(roots).toMatchObject([{ tokenIds: stem, children: [{ tokenIds: [1], start: 20 }, { tokenIds: [2] }, { tokenIds: [2, 3] }] }]);
  const two = tokenTree([[1, ...stem, 2], [1, ...stem, 3], [1, 8, 9]]);
  expect(two.roots.map(({ tokenIds, children }) => [tokenIds.length, children.length])).toEqual([[21, 2], [3, 0]]);
});

test('the tree is the same in every order', () => {
  fc.assert(
    fc.property(sequences, (rows) => {
      expect(tokenTree([...rows].reverse()).roots).toEqual(tokenTree(rows).roots);
    }),
    { numRuns: 30 },
  );
});

test('sequences too long to share have no node with others', () => {
  const stem = Array<number>(20).fill(7);
  const { roots } = tokenTree([[...stem, 1], [...stem, 2], [...stem, 3, 3, 3]], 21);
  expect(roots.map(({ tokenIds, children }) => [tokenIds.length, children.length])).toEqual([[21, 0], [21, 0], [23, 0]]);
  expect(tokenTree([[...stem, 1], [...stem, 2]], 21).roots).toHaveLength(1);
});
