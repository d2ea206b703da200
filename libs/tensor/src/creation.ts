import type { NativeValue, TensorHandle } from '@tunesmith/native';
import { type DType } from './dtype.js';
import { TensorError } from './errors.js';
import { library } from './library.js';
import { RandomGenerator } from './random.js';
import { Tensor } from './tensor.js';

export interface TensorOptions {
  readonly dtype?: DType;
  /** `cpu` (the default) or `cuda:INDEX`. */
  readonly device?: string;
  readonly requiresGrad?: boolean;
}

export interface RandomOptions extends TensorOptions {
  /** Where the numbers come from; the default stream (`manualSeed`) when left out. */
  readonly generator?: RandomGenerator;
}

type Elements = readonly number[] | NodeJS.TypedArray;

const dtypeOfArray: Readonly<Record<string, DType>> = {
  Float64Array: 'float64',
  Float32Array: 'float32',
  BigInt64Array: 'int64',
  Int32Array: 'int32',
  Int16Array: 'int16',
  Int8Array: 'int8',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
};

/** The dtype that a typed array's elements already have; plain numbers become float32. */
function dtypeOf(data: Elements): DType {
  if (isPlain(data)) return 'float32';
  const dtype = dtypeOfArray[data[Symbol.toStringTag]];
  if (dtype) return dtype;
  throw new TensorError({
    message: `tensor: there is no dtype for the elements of a ${data[Symbol.toStringTag]}; convert it, or use fromBytes`,
    code: 'argument-type',
  });
}

function isPlain(data: Elements): data is readonly number[] {
  return Array.isArray(data);
}

/**
 * A tensor from numbers, in row-major order. Without `shape` it is a vector. Plain numbers become float32 unless `dtype` says otherwise; a typed
 * array keeps its own type. Throws for an integer dtype with a number that it cannot hold.
 */
export function tensor(data: Elements, options: TensorOptions & { readonly shape?: readonly number[] } = {}): Tensor {
  const { shape = [data.length] } = options;
  const dtype = options.dtype ?? dtypeOf(data);
  const packed = pack(data, dtype);
  const handle = library().fromBytes(packed.bytes, shape, packed.dtype);
  return placed(handle, { ...options, dtype });
}

/** Elements as bytes of a type that JavaScript has; bfloat16 and float16 go through float32. */
function pack(data: Elements, dtype: DType): { bytes: NodeJS.TypedArray; dtype: DType } {
  if (!isPlain(data) && dtypeOf(data) === dtype) return { bytes: data, dtype };
  const numbers = Array.from<number | bigint, number>(data, Number);
  switch (dtype) {
    case 'float64':
      return { bytes: Float64Array.from(numbers), dtype };
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return { bytes: Float32Array.from(numbers), dtype: 'float32' };
    case 'int64':
      return { bytes: BigInt64Array.from(numbers.map((number) => BigInt(within(number, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, dtype)))), dtype };
    case 'int32':
      return { bytes: Int32Array.from(numbers, (number) => within(number, -(2 ** 31), 2 ** 31 - 1, dtype)), dtype };
    case 'int16':
      return { bytes: Int16Array.from(numbers, (number) => within(number, -(2 ** 15), 2 ** 15 - 1, dtype)), dtype };
    case 'int8':
      return { bytes: Int8Array.from(numbers, (number) => within(number, -128, 127, dtype)), dtype };
    case 'uint8':
      return { bytes: Uint8Array.from(numbers, (number) => within(number, 0, 255, dtype)), dtype };
    case 'bool':
      return { bytes: Uint8Array.from(numbers, (number) => within(number, 0, 1, dtype)), dtype };
  }
}

function within(number: number, least: number, most: number, dtype: DType): number {
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new TensorError({ message: `tensor: expected integers from ${least} to ${most} for ${dtype}, got ${number}`, code: 'argument-type', facts: { dtype, value: number } });
}

/** A tensor from raw elements, little-endian, row-major: the layout of safetensors. The bytes are copied. */
export function fromBytes(bytes: NodeJS.TypedArray, options: TensorOptions & { readonly shape: readonly number[]; readonly dtype: DType }): Tensor {
  return placed(library().fromBytes(bytes, options.shape, options.dtype), options);
}

/** Moves fresh elements to the dtype and device that were asked for, without leaving the first copy behind. */
function placed(fresh: TensorHandle, options: TensorOptions): Tensor {
  const native = library();
  let handle = fresh;
  if (options.dtype !== undefined && native.dtype(handle) !== options.dtype) {
    handle = native.op('aten::to', 'dtype')(fresh, options.dtype) as TensorHandle;
    native.dispose(fresh);
  }
  if (options.device !== undefined && options.device !== 'cpu') {
    const there = native.op('aten::to', 'device')(handle, options.device, native.dtype(handle)) as TensorHandle;
    native.dispose(handle);
    handle = there;
  }
  return finished(handle, options);
}

/** A tensor that was made on the CPU, where it is wanted; the copy that it was made in is freed. */
export function movedTo(fresh: Tensor, device: string): Tensor {
  return fresh.device === device ? fresh : placed(fresh.handle, { device });
}

function finished(handle: TensorHandle, options: TensorOptions): Tensor {
  const made = new Tensor(handle);
  if (options.requiresGrad) made.setRequiresGrad(true);
  return made;
}

/** Draws are made on the CPU and moved from there, so that a generator gives the same numbers on every device. */
function draw(name: string, overload: string, values: readonly NativeValue[], options: TensorOptions): Tensor {
  return placed(library().op(`aten::${name}`, overload)(...values, options.dtype) as TensorHandle, options);
}

function create(name: string, overload: string, values: readonly NativeValue[], options: TensorOptions): Tensor {
  const handle = library().op(`aten::${name}`, overload)(...values, options.dtype, undefined, options.device) as TensorHandle;
  return finished(handle, options);
}

export function zeros(shape: readonly number[], options: TensorOptions = {}): Tensor {
  return create('zeros', '', [shape], options);
}

export function ones(shape: readonly number[], options: TensorOptions = {}): Tensor {
  return create('ones', '', [shape], options);
}

/** Memory as it comes: write every element before reading one. */
export function empty(shape: readonly number[], options: TensorOptions = {}): Tensor {
  return create('empty', 'memory_format', [shape], options);
}

/** `value` everywhere; float32 unless `dtype` says otherwise. */
export function full(shape: readonly number[], value: number | boolean, options: TensorOptions = {}): Tensor {
  return create('full', '', [shape, value], { ...options, dtype: options.dtype ?? (typeof value === 'boolean' ? 'bool' : 'float32') });
}

/** start, start + step, … up to but without `end`; int64 for integers, else float32. */
export function arange(start: number, end: number, options: TensorOptions & { readonly step?: number } = {}): Tensor {
  return create('arange', 'start_step', [start, end, options.step ?? 1], options);
}

/** Normal numbers with mean 0 and variance 1. */
export function randn(shape: readonly number[], options: RandomOptions = {}): Tensor {
  return options.generator ? draw('randn', 'generator', [shape, options.generator.handle], options) : create('randn', '', [shape], options);
}

/** Uniform numbers, 0 included, 1 excluded. */
export function rand(shape: readonly number[], options: RandomOptions = {}): Tensor {
  return options.generator ? draw('rand', 'generator', [shape, options.generator.handle], options) : create('rand', '', [shape], options);
}

/** Integers from `low` to `high` - 1; int64 unless `dtype` says otherwise. */
export function randint(low: number, high: number, shape: readonly number[], options: RandomOptions = {}): Tensor {
  return options.generator
    ? draw('randint', 'low_generator', [low, high, shape, options.generator.handle], options)
    : create('randint', 'low', [low, high, shape], options);
}

/** The integers from 0 to `count` - 1 in random order. */
export function randperm(count: number, options: RandomOptions = {}): Tensor {
  return options.generator ? draw('randperm', 'generator', [count, options.generator.handle], options) : create('randperm', '', [count], options);
}
