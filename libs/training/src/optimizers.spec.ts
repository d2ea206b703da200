import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { liveTensors, ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter } from './optimizer.js';
import { makeOptimizer } from './optimizers.js';
import type { OptimizerOptions } from './train-options.js';

// The references are torch's and transformers' optimizers: tests/parity/make-optimizer-fixtures.py.

interface References extends Record<'adafactor' | 'muon' | 'adamw', Record<string, Record<string, number[]>>> {
  shapes: Record<string, number[]>;
}
const references = JSON.parse(readFileSync(join(import.meta.dirname, '../../../tests/parity/fixtures/training/optimizers.json'), 'utf8')) as References;
const names = Object.keys(references.shapes);
const norm = 'layers.0.norm.weight';

function made(name: string, value: (index: number) => number): Tensor {
  const shape = references.shapes[name]!;
  return tensor(Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => value(index)), { shape, dtype: 'float32' });
}
const parametersOf = (which: readonly string[]): OptimizedParameter[] => which.map((name) => ({ name, tensor: made(name, (index) => Math.sin(0.7 * index + names.indexOf(name))).setRequiresGrad(true) }));
const putGradients = (parameters: readonly OptimizedParameter[], step: number): void => {
  for (const { name, tensor: parameter } of parameters) {
    const gradient = made(name, (index) => (1 + 0.1 * step) * Math.sin(0.37 * index + 1.3 * step + names.indexOf(name)));
    parameter.grad = ops.toDtype(gradient, parameter.dtype);
  }
};
const difference = (actual: Tensor, expected: readonly number[]): number => Math.max(...actual.toArray().map((value, index) => Math.abs(value - expected[index]!)));

const adafactor: OptimizerOptions = { kind: 'adafactor', weightDecay: 0.1 };
const muon: OptimizerOptions = { kind: 'muon', momentum: 0.95, weightDecay: 0.1 };
const adamw: OptimizerOptions = { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1 };

test.each([
  ['Adafactor of matrices', adafactor, references.adafactor, names.slice(0, 2), 2e-6],
  ['Muon of matrices', muon, references.muon, names.slice(0, 2), 1e-5],
  ['AdamW of a norm, without decay', adamw, references.adamw, [norm], 2e-6],
  ['AdamW of a norm beside Muon, without decay', muon, references.adamw, [norm], 2e-6],
] as const)('%s follows the reference for thirty steps, and the state is there from the first', (_name, options, expected, which, tolerance) => {
  scope(() => {
    const parameters = parametersOf(which);
    using optimizer = makeOptimizer(parameters, options);
    const before = [...optimizer.state().keys()];
    for (let step = 0; step < 30; step += 1) {
      scope(() => putGradients(parameters, step));
      const live = liveTensors();
      optimizer.step(1e-2);
      expect(liveTensors()).toBe(live);
      optimizer.zeroGradients();
      for (const { name, tensor: parameter } of parameters) {
        const reference = expected[name]![step + 1];
        if (reference) expect(difference(parameter, reference)).toBeLessThan(tolerance);
      }
    }
    expect([...optimizer.state().keys()]).toEqual(before);
  });
});

test.each([adafactor, muon, adamw])('goes on from its state as if it had not stopped, and frees it: $kind', (options) => {
  scope(() => {
    const [whole, stopped] = [parametersOf(names), parametersOf(names)];
    const run = (parameters: readonly OptimizedParameter[], optimizer: ReturnType<typeof makeOptimizer>, from: number, to: number): void => {
      for (let step = from; step < to; step += 1) {
        scope(() => putGradients(parameters, step));
        optimizer.step(1e-2);
      }
    };
    const before = liveTensors();
    const [first, second, third] = [makeOptimizer(whole, options), makeOptimizer(stopped, options), makeOptimizer(stopped, options)];
    run(whole, first, 0, 6);
    run(stopped, second, 0, 3);
    for (const [name, state] of third.state()) state.writeBytes(second.state().get(name)!.toBytes());
    run(stopped, third, 3, 6);
    whole.forEach(({ tensor: parameter }, index) => expect(stopped[index]!.tensor.toArray()).toEqual(parameter.toArray()));
    for (const { tensor: parameter } of [...whole, ...stopped]) parameter.zeroGrad();
    for (const optimizer of [first, second, third]) optimizer[Symbol.dispose]();
    expect(liveTensors()).toBe(before);
  });
});

test.each([adafactor, muon])('in bfloat16 small steps are not lost: $kind', (options) => {
  scope(() => {
    const parameters = parametersOf(names.slice(0, 1)).map(({ name, tensor: wide }) => ({ name, tensor: ops.toDtype(wide.detach(), 'bfloat16').setRequiresGrad(true) }));
    const start = parameters[0]!.tensor.toArray();
    using optimizer = makeOptimizer(parameters, { ...options, weightDecay: 0 });
    for (let step = 0; step < 200; step += 1) {
      scope(() => putGradients(parameters, 0));
      optimizer.step(1e-4);
    }
    // One step of 1e-4 is less than what bfloat16 can tell apart near 1, all together are more.
    const moved = parameters[0]!.tensor.toArray().flatMap((value, index) => (Math.abs(start[index]!) > 0.9 ? Math.abs(value - start[index]!) : []));
    expect(Math.max(...moved)).toBeGreaterThan(0.003);
  });
});

test('an unknown optimizer is named with the known ones', () => {
  expect(() => makeOptimizer([], { kind: 'lion' } as never)).toThrow(/adamw, adafactor, muon; got lion/);
});
