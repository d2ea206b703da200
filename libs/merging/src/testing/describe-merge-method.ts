import { liveTensors, manualSeed, randn, scope } from '@tunesmith/tensor';
import { methods } from '../methods.js';
import { MergeParameters } from '../merge-parameters.js';
import type { MergeMethod } from '../merge-method.js';

/** What every merge method must hold; its own spec adds the values of its paper. */
export function describeMergeMethod(method: MergeMethod): void {
  describe(`merge method ${method.name}`, () => {
    const count = method.takes.kind === 'models' ? method.takes.least : 0;

    function mergeRandom(seed: number): { shape: readonly number[]; values: number[] } {
      return scope(() => {
        manualSeed(seed);
        const random = (shape: number[]) => randn(shape, { dtype: 'float32' });
        const update = method.takes.kind === 'adapter' ? { a: random([2, 5]), b: random([4, 2]), scaling: 2 } : null;
        const merged = method.merge({ name: 'weight', base: random([4, 5]), models: Array.from({ length: count }, () => random([4, 5])), update }, new MergeParameters(method, {}));
        return { shape: [...merged.shape], values: merged.toArray() };
      });
    }

    test('stands in the list once', () => {
      expect(methods.filter(({ name }) => name === method.name)).toEqual([method]);
    });

    test('keeps the shape, is finite, and gives the same again', () => {
      const first = mergeRandom(7);
      expect(first.shape).toEqual([4, 5]);
      expect(first.values.every(Number.isFinite)).toBe(true);
      expect(mergeRandom(7)).toEqual(first);
    });

    test('leaves no tensor behind', () => {
      const before = liveTensors();
      mergeRandom(8);
      expect(liveTensors()).toBe(before);
    });

    test('refuses a parameter that it does not have', () => {
      expect(() => new MergeParameters(method, { nonsense: 1 })).toThrow(/nonsense/);
    });
  });
}
