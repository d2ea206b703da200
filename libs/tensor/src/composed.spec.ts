import { empty, noGrad, ops, RandomGenerator, randn, scope, setThreads, tensor, zeros, type DType, type Tensor } from './index.js';
import { handleOf, resolve, tensorFrom } from './operator-support.js';
import type { NativeValue } from '@tunesmith/native';

beforeAll(() => setThreads(1));

// Devices without kernels of ours run the compositions: what a model computes must not depend on where it runs. Here they run on the CPU, beside the kernels.

const tolerances: readonly (readonly [DType, number])[] = [['float64', 1e-9], ['float32', 5e-6], ['bfloat16', 2e-2]];

interface Case {
  readonly name: string;
  readonly operator: string;
  readonly shapes: readonly (readonly number[])[];
  /** What comes behind the tensors. */
  readonly rest: readonly NativeValue[];
}

const cases: readonly Case[] = [
  { name: 'rms norm', operator: 'rms_norm', shapes: [[5, 12], [12]], rest: [1e-3, 0] },
  { name: 'rms norm with an offset', operator: 'rms_norm', shapes: [[5, 12], [12]], rest: [1e-3, 1] },
  { name: 'silu gate', operator: 'gated_activation', shapes: [[5, 12]], rest: ['silu'] },
  { name: 'gelu gate', operator: 'gated_activation', shapes: [[5, 12]], rest: ['gelu_tanh'] },
  { name: 'attention of grouped heads', operator: 'packed_attention', shapes: [[9, 4, 8], [9, 2, 8], [9, 2, 8]], rest: [[0, 3, 3, 9], 0.3, null, null] },
  { name: 'attention in a window', operator: 'packed_attention', shapes: [[9, 2, 8], [9, 2, 8], [9, 2, 8]], rest: [[0, 7, 9], 0.3, 3, null] },
  { name: 'attention with a soft cap', operator: 'packed_attention', shapes: [[9, 2, 8], [9, 1, 8], [9, 1, 5]], rest: [[0, 9], 0.3, 4, 2] },
];

test.each(cases.flatMap((one) => tolerances.map(([dtype, tolerance]) => ({ ...one, dtype, tolerance }))))('$name in $dtype', ({ operator, shapes, rest, dtype, tolerance }) => {
  scope(() => {
    const [kernel, composed] = ['', 'composed_'].map((prefix) => {
      const inputs = shapes.map((shape, index) => drawn(shape, dtype, index).setRequiresGrad(true));
      const output = call(`${prefix}${operator}`, ...inputs.map(handleOf), ...rest);
      ops.sumAll(ops.mul(output, drawn(output.shape, dtype, 9))).backward();
      return [output, ...inputs.map(({ grad }) => grad ?? zeros([0]))];
    }) as [Tensor[], Tensor[]];
    kernel.forEach((one, index) => expectNear(composed[index]!, one, tolerance));
  });
});

test.each(tolerances)('rotation in %s', (dtype, tolerance) => {
  scope(() => {
    const half = drawn([5, 1, 3], 'float32', 3);
    const angles = ops.cat([half, half], -1);
    const [kernel, composed] = ['rotate', 'composed_rotate'].map((name) => {
      const input = drawn([5, 2, 6], dtype, 1).setRequiresGrad(true);
      const type = dtype === 'float64' ? 'float64' : 'float32';
      const output = call(name, handleOf(input), handleOf(ops.toDtype(ops.cos(angles), type)), handleOf(ops.toDtype(ops.sin(angles), type)));
      ops.sumAll(ops.square(output)).backward();
      return [output, input.grad!];
    }) as [Tensor[], Tensor[]];
    kernel.forEach((one, index) => expectNear(composed[index]!, one, tolerance));
  });
});

test.each<[string, number | null, number | null, number[]]>([
  ['all slots', null, null, [4, 2, 6]],
  ['a window', 3, null, [4, 2, 6]],
  ['equal lengths', null, null, [5, 5, 5]],
  ['a soft cap', null, 2, [4, 2, 6]],
])('decoding over %s writes and attends', (_, window, softcap, lengths) => {
  scope(() =>
    noGrad(() => {
      const rows = [2, 0, 3]; // of four lines of slots
      const [query, key, value] = [drawn([3, 4, 8], 'float32', 1), drawn([3, 2, 8], 'float32', 2), drawn([3, 2, 8], 'float32', 3)];
      const [kernel, composed] = ['decode_attention', 'composed_decode_attention'].map((name) => {
        const [keys, values] = [drawn([4, 2, 7, 8], 'float32', 4), drawn([4, 2, 7, 8], 'float32', 5)];
        return [call(name, ...[query, key, value, keys, values].map(handleOf), rows, lengths, 0.3, window, softcap), keys, values];
      }) as [Tensor[], Tensor[]];
      kernel.forEach((one, index) => expectNear(composed[index]!, one, 5e-6));
    }),
  );
});

test('rows that continue others', () => {
  scope(() =>
    noGrad(() => {
      const [query, key, value] = [drawn([5, 4, 8], 'float32', 1), drawn([5, 2, 8], 'float32', 2), drawn([5, 2, 8], 'float32', 3)];
      const past = [drawn([6, 2, 8], 'float32', 4), drawn([4, 2, 8], 'float32', 5)];
      const given = [...[query, key, value].map(handleOf), [0, 2, 5], past.map(handleOf), past.map(handleOf), [0, 1, 3, 1, 0, 2, 0, 0, 6], [2, 3], 0.3, 4, null];
      expectNear(call('composed_continued_attention', ...given), call('continued_attention', ...given), 5e-6);
    }),
  );
});

test('the likeliest token and its probability', () => {
  scope(() => {
    const logits = drawn([3, 50], 'bfloat16', 1);
    const [kernel, composed] = ['likeliest', 'composed_likeliest'].map((name) => (resolve(`tunesmith::${name}`, '')(handleOf(logits)) as NativeValue[]).map((each) => tensorFrom(each as never)));
    expect(composed![0]!.toArray()).toEqual(kernel![0]!.toArray());
    expectNear(composed![1]!, kernel![1]!, 1e-5);
  });
});

test('a step of AdamW over bfloat16 parameters and their rests', () => {
  scope(() =>
    noGrad(() => {
      const gradient = drawn([40], 'bfloat16', 2);
      const [kernel, composed] = ['adamw_', 'composed_adamw_'].map((name) => {
        const [parameter, rest, mean, square] = [drawn([40], 'bfloat16', 1), zeros([40], { dtype: 'int16' }), zeros([40]), zeros([40])];
        for (let step = 1; step <= 3; step += 1) {
          resolve(`tunesmith::${name}`, '')([handleOf(parameter)], [handleOf(rest)], [handleOf(gradient)], [handleOf(mean)], [handleOf(square)], step, 1e-3, 0.9, 0.99, 0.01, 1e-8);
        }
        // What is tuned: the parameter's bits above, the rest added below.
        const bits = [...new Int16Array(parameter.toBytes().buffer)].map((upper, place) => upper * 65536 + rest.toArray()[place]!);
        return [tensor(new Float32Array(Int32Array.from(bits).buffer)), mean, square];
      }) as [Tensor[], Tensor[]];
      kernel.forEach((one, index) => expectNear(composed[index]!, one, 1e-6));
    }),
  );
});

test.each(['int8', 'nf4'])('blocks of %s are written out by operators as by the kernel', (kind) => {
  scope(() => {
    const parts = ops.quantizeBlocks(drawn([7, 100], 'float32', 1), kind);
    expectNear(call('composed_dequantize_blocks', parts.map(handleOf), kind, [7, 100], 'float32'), ops.dequantizeBlocks(parts, kind, [7, 100], 'float32'), 1e-6);
  });
});

test.each<[string, number | null]>([['plainly', null], ['with a soft cap', 5]])('losses and slopes of a chunk of logits, %s', (_, softcap) => {
  scope(() => {
    const targets = tensor([3, 0, 9], { dtype: 'int64' });
    const scales = tensor([1, 0.5, 2], { dtype: 'float64' });
    const logits = drawn([3, 10], 'float32', 1).setRequiresGrad(true);
    const capped = softcap === null ? logits : ops.mulScalar(ops.tanh(ops.divScalar(logits, softcap)), softcap);
    const losses = ops.crossEntropyLoss(capped, targets, null, 0);
    ops.sumAll(ops.mul(losses, ops.toDtype(scales, 'float32'))).backward();
    const slopes = noGrad(() => ops.copyInPlace(empty([3, 10]), logits));
    expectNear(call('composed_loss_of_rows', handleOf(slopes), handleOf(targets), handleOf(scales), true, softcap), losses, 1e-6);
    expectNear(slopes, logits.grad!, 1e-6);
  });
});

function call(name: string, ...values: NativeValue[]): Tensor {
  return tensorFrom(resolve(`tunesmith::${name}`, '')(...values));
}

function drawn(shape: readonly number[], dtype: DType, seed: number): Tensor {
  return noGrad(() => ops.toDtype(randn(shape, { generator: new RandomGenerator(seed) }), dtype));
}

/** Within a share of the largest number. */
function expectNear(one: Tensor, other: Tensor, tolerance: number): void {
  expect(one.shape).toEqual(other.shape);
  const [ones, others] = [one.toArray(), other.toArray()];
  const largest = Math.max(1e-30, ...others.map(Math.abs));
  ones.forEach((number, index) => expect(Math.abs(number - others[index]!) / largest).toBeLessThan(tolerance));
}
