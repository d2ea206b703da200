import fc from 'fast-check';
import { keep, liveTensors, noGrad, ops, scope, tensor, Tensor, zeros } from './index.js';

describe('scope', () => {
  let before: number;
  beforeEach(() => {
    before = liveTensors();
  });
  afterEach(() => expect(liveTensors()).toBe(before));

  it('disposes what was made inside and returns numbers as they are', () => {
    expect(scope(() => ops.sumAll(ops.exp(zeros([4]))).item())).toBe(4);
  });

  it('lets the result out, wherever it is in it', () => {
    const result = scope(() => {
      zeros([9]);
      return { one: zeros([1]), list: [zeros([2])], map: new Map([['a', zeros([3])]]), set: new Set([zeros([4])]), nested: { deep: [{ x: zeros([5]) }] }, plain: 'text' };
    });
    const all = [result.one, ...result.list, ...result.map.values(), ...result.set, ...result.nested.deep.map(({ x }) => x)];
    expect(all.map((each) => each.shape)).toEqual([[1], [2], [3], [4], [5]]);
    for (const each of all) each.dispose();
  });

  it('follows a result that points at itself', () => {
    const result = scope(() => {
      const value: { self?: unknown; made: Tensor } = { made: zeros([1]) };
      value.self = value;
      return value;
    });
    result.made.dispose();
  });

  it('disposes everything when the body throws, and lets the error through', () => {
    const error = new Error('mine');
    expect(() =>
      scope(() => {
        zeros([1]);
        scope(() => zeros([2]));
        throw error;
      }),
    ).toThrow(error);
    expect(() => scope(() => ops.matmul(zeros([2, 3]), zeros([2, 3])))).toThrow(/aten::matmul/);
  });

  it('hands survivors to the scope around', () => {
    scope(() => {
      const inner = scope(() => zeros([2]));
      expect(inner.isDisposed).toBe(false);
      expect(liveTensors()).toBe(before + 1);
    });
  });

  it('leaves tensors of the scope around alone', () => {
    using outer = zeros([2]);
    scope(() => ops.addScalarInPlace(outer, 1));
    expect(outer.toArray()).toEqual([1, 1]);
  });

  it('keeps what is kept, through every scope', () => {
    const kept: Tensor[] = [];
    scope(() => {
      scope(() => void kept.push(keep(zeros([3]))));
      kept.push(keep(zeros([4])));
    });
    expect(kept.map(({ shape }) => shape)).toEqual([[3], [4]]);
    for (const each of kept) each.dispose();
  });

  it('does not mind a tensor that was disposed inside', () => {
    scope(() => {
      using early = zeros([1]);
      expect(early.item()).toBe(0);
    });
  });

  it('counts tensors that an operator returns as a list', () => {
    scope(() => {
      expect(ops.split(zeros([5]), 2).map(({ shape }) => shape)).toEqual([[2], [2], [1]]);
      const [values, indices] = ops.topk(tensor([3, 1, 2]), 2);
      expect([values.toArray(), indices.toArray()]).toEqual([
        [3, 2],
        [0, 2],
      ]);
      expect(liveTensors()).toBe(before + 7);
    });
  });

  it('refuses a body that returns a promise', () => {
    expect(() => scope(async () => 1)).toThrow(expect.objectContaining({ code: 'scope-async' }));
    expect(() => noGrad(async () => 1)).toThrow(expect.objectContaining({ code: 'scope-async' }));
  });

  it('ends with nothing alive, however scopes, throws and survivors are mixed', () => {
    // A program: numbers are what to do at each level.
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 }), (program) => {
        const run = (at: number): Tensor[] => {
          const step = program[at];
          if (step === undefined) return [zeros([1])];
          if (step === 0) return [zeros([2]), ...run(at + 1)];
          if (step === 1) return scope(() => run(at + 1));
          if (step === 2) return scope(() => run(at + 1).slice(1));
          if (step === 3) return scope(() => void run(at + 1)) ?? [];
          try {
            return scope(() => {
              run(at + 1);
              throw new RangeError('planned');
            });
          } catch (error) {
            if (error instanceof RangeError) return [];
            throw error;
          }
        };
        scope(() => {
          for (const alive of run(0)) expect(alive.isDisposed).toBe(false);
        });
        expect(liveTensors()).toBe(before);
      }),
    );
  });
});

describe('noGrad', () => {
  it('is undone when the body throws', () => {
    expect(() =>
      noGrad(() => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    using leaf = zeros([1], { requiresGrad: true });
    using grown = ops.exp(leaf);
    expect(grown.requiresGrad).toBe(true);
  });
});
