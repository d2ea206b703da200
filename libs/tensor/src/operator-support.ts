import type { GeneratorHandle, NativeOperator, NativeResult, TensorHandle } from '@tunesmith/native';
import { library } from './library.js';
import { RandomGenerator } from './random.js';
import { Tensor } from './tensor.js';

/** What the generated operator functions share. Values of a wrong type are passed on: the native side names the argument in its error. */
export function resolve(name: string, overload: string): NativeOperator {
  return library().op(name, overload);
}

export function handleOf(value: Tensor): TensorHandle;
export function handleOf(value: Tensor | null | undefined): TensorHandle | null | undefined;
export function handleOf(value: Tensor | null | undefined): TensorHandle | null | undefined {
  return value instanceof Tensor ? value.handle : value;
}

export function handlesOf(values: readonly (Tensor | null)[]): readonly (TensorHandle | null)[] {
  return values.map((value) => (value instanceof Tensor ? value.handle : value));
}

export function generatorOf(value: RandomGenerator | null | undefined): GeneratorHandle | null | undefined {
  return value instanceof RandomGenerator ? value.handle : value;
}

export function tensorFrom(result: NativeResult): Tensor {
  return new Tensor(result as TensorHandle);
}

export function tensorsFrom(result: NativeResult): Tensor[] {
  return Array.from(result as readonly TensorHandle[], (handle) => new Tensor(handle));
}
