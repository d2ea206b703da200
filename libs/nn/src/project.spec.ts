import { noGrad, ops, RandomGenerator, randn, scope } from '@tunesmith/tensor';
import { project, withManyRows } from './project.js';

test('in passes over many rows a row gets the same beside any others, and outside what it got before', () => {
  scope(() => noGrad(() => {
    const generator = new RandomGenerator(1);
    const [input, weight] = [randn([70, 100], { generator }), randn([30, 100], { generator })];
    const before = project(input, weight);
    const together = withManyRows(() => project(input, weight));
    const alone = withManyRows(() => project(ops.narrow(input, 0, 4, 1), weight));
    expect(ops.equal(alone, ops.narrow(together, 0, 4, 1))).toBe(true);
    expect(ops.amax(ops.abs(ops.sub(together, before))).item()).toBeLessThan(1e-4);
    expect(() => withManyRows(() => { throw new Error('broken'); })).toThrow('broken');
    expect(ops.equal(project(input, weight), before)).toBe(true);
  }));
});
