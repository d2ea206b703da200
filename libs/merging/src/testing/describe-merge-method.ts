import { liveTensors, manualSeed, noGrad, ops, randn, scope, type DType, type Tensor } from '@tunesmith/tensor';
import { methods } from '../methods.js';
import { MergeParameters } from '../merge-parameters.js';
import type { MergeMethod } from '../merge-method.js';
import { mergeTensors } from './merge-tensors.js';

export interface MergeMethodExpectations {
  /** Parameters that the method cannot do without. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Whether models in another order give the same, but for rounding; left out where their order means something. */
  readonly symmetric?: boolean;
}

const shape = [12, 10];

/** What every merge method must hold; its own spec adds the values of its paper. */
export function describeMergeMethod(method: MergeMethod, { parameters = {}, symmetric = false }: MergeMethodExpectations = {}): void {
  describe(`merge method ${method.name}`, () => {
    const { takes } = method;
    const counts = takes.kind === 'models' ? [...new Set([takes.least, Math.min(takes.most, takes.least + 2)])] : [0];
    const withBase = takes.kind === 'adapter' || takes.base !== 'member';

    function random(dtype: DType, of: readonly number[] = shape): Tensor {
      return ops.toDtype(randn(of, { dtype: 'float32' }), dtype);
    }

    function mergeRandom(seed: number, { count = counts.at(-1)!, dtype = 'float32' as DType, of = shape, reversed = false } = {}): { shape: readonly number[]; dtype: DType; values: number[] } {
      return scope(() =>
        noGrad(() => {
          manualSeed(seed);
          const base = withBase ? random(dtype, of) : null;
          // Differences of the models are smaller than the weights, as those of tuned models are.
          const centre = base ?? random(dtype, of);
          const models = Array.from({ length: count }, () => ops.add(centre, ops.mulScalar(random(dtype, of), 0.3)));
          const update = takes.kind === 'adapter' ? { a: random('float32', [2, of[1]!]), b: random('float32', [of[0]!, 2]), scaling: 2 } : null;
          const merged = mergeTensors(method, { base, models: reversed ? models.reverse() : models, update, seed }, parameters);
          return { shape: [...merged.shape], dtype: merged.dtype, values: merged.toArray() };
        }),
      );
    }

    test('stands in the list once', () => {
      expect(methods.filter(({ name }) => name === method.name)).toEqual([method]);
    });

    test.each((['float32', 'bfloat16', 'float16'] as const).flatMap((dtype) => counts.map((count) => [dtype, count] as const)))('keeps shape and dtype, is finite, and gives the same again: %s, %d model(s)', (dtype, count) => {
      const first = mergeRandom(7, { dtype, count });
      expect(first).toMatchObject({ shape, dtype });
      expect(first.values.every(Number.isFinite)).toBe(true);
      expect(mergeRandom(7, { dtype, count })).toEqual(first);
    });

    if (takes.kind === 'models') {
      test('takes vectors and single numbers', () => {
        // A density that keeps some of many keeps none of one: methods may refuse that.
        expect(mergeRandom(9, { of: [37] })).toMatchObject({ shape: [37] });
      });
    }

    test('leaves no tensor behind, and the inputs as they were', () => {
      const before = liveTensors();
      mergeRandom(8);
      expect(liveTensors()).toBe(before);
      scope(() => {
        const inputs = Array.from({ length: Math.max(1, counts[0]!) + 1 }, () => random('float32'));
        const copies = inputs.map((input) => input.toArray());
        const update = takes.kind === 'adapter' ? { a: random('float32', [2, shape[1]!]), b: random('float32', [shape[0]!, 2]), scaling: 2 } : null;
        noGrad(() => mergeTensors(method, { base: withBase ? inputs[0]! : null, models: takes.kind === 'adapter' ? [] : inputs.slice(1), update }, parameters));
        expect(inputs.map((input) => input.toArray())).toEqual(copies);
      });
    });

    if (takes.kind === 'models') {
      test.each(['float32', 'bfloat16'] as const)('equal models (and an equal base, where one is needed) give the model: %s', (dtype) => {
        scope(() =>
          noGrad(() => {
            manualSeed(3);
            const model = random(dtype);
            const merged = mergeTensors(method, { base: takes.base === 'required' ? model : null, models: Array.from({ length: counts.at(-1)! }, () => model) }, parameters).toArray();
            const tolerance = dtype === 'float32' ? 1e-5 : 1.2e-2;
            model.toArray().forEach((value, index) => expect(Math.abs(merged[index]! - value)).toBeLessThanOrEqual(tolerance * Math.max(0.1, Math.abs(value))));
          }),
        );
      });
    }

    if (symmetric) {
      test('models in another order give the same', () => {
        const [there, back] = [mergeRandom(5), mergeRandom(5, { reversed: true })];
        there.values.forEach((value, index) => expect(back.values[index]!).toBeCloseTo(value, 5));
      });
    }

    if (method.random) {
      test('another seed gives another result', () => {
        scope(() =>
          noGrad(() => {
            const [base, ...models] = Array.from({ length: counts[0]! + 1 }, () => random('float32'));
            const merge = (seed: number): number[] => mergeTensors(method, { base: base!, models, seed }, parameters).toArray();
            expect(merge(1)).not.toEqual(merge(2));
            expect(merge(1)).toEqual(merge(1));
          }),
        );
      });
    }

    test('refuses a parameter that it does not have, and values out of range', () => {
      expect(() => new MergeParameters(method, { ...parameters, nonsense: 1 }, counts[0]!)).toThrow(/nonsense/);
      for (const [name, { per, kind, least, most }] of Object.entries(method.parameters)) {
        const refused = (value: unknown): void => expect(() => new MergeParameters(method, { ...parameters, [name]: value }, counts[0]!)).toThrow(`${method.name}.${name}: expected`);
        refused({});
        if (kind === 'number') refused(NaN);
        if (least !== undefined) refused(least - 1);
        if (most !== undefined) refused(most + 1);
        if (per === 'model') refused(Array.from({ length: counts[0]! + 1 }, () => 1));
      }
    });
  });
}
