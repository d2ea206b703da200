/**
 * The native compute library as TypeScript sees it. The declarations stand in the order of native/src/module.cc. Only `@tunesmith/tensor`
 * imports this room; everyone else works with its Tensor.
 */
export { loadNative, NativeLoadError } from './load.js';

declare const tensorBrand: unique symbol;
declare const generatorBrand: unique symbol;

/** A tensor on the native side: opaque, tagged, checked at each use. */
export interface TensorHandle {
  readonly [tensorBrand]: true;
}

/** A stream of random numbers on the native side. */
export interface GeneratorHandle {
  readonly [generatorBrand]: true;
}

/** What an operator takes: by its schema; null is None, undefined is the schema's default. */
export type NativeValue = TensorHandle | GeneratorHandle | number | bigint | boolean | string | null | undefined | readonly NativeValue[];

/** What an operator gives back; results that were written in place are left out, and nothing at all is undefined. */
export type NativeResult = TensorHandle | number | boolean | string | null | undefined | readonly NativeResult[];

export type NativeOperator = (...values: NativeValue[]) => NativeResult;

export interface SchemaArgument {
  readonly name: string;
  /** As the schema writes it: `Tensor`, `int[]?`, `ScalarType?` … */
  readonly type: string;
  /** For `int[N]`: N; one number then stands for N equal ones. */
  readonly size: number | null;
  readonly keywordOnly: boolean;
  /** The default as text, or null when there is none. */
  readonly fallback: string | null;
  /** Changed in place. */
  readonly written: boolean;
}

export interface OperatorSchema {
  readonly text: string;
  readonly arguments: readonly SchemaArgument[];
  readonly results: readonly SchemaArgument[];
}

/** How a native failure is told before it becomes an error object. */
export interface NativeFailure {
  readonly message: string;
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface NativeLibrary {
  setErrorFactory(factory: (failure: NativeFailure) => Error): void;

  // dispatch.cc
  op(name: string, overload: string): NativeOperator;
  operators(): string[];
  schema(name: string, overload: string): OperatorSchema;

  // tensor.cc
  fromBytes(bytes: NodeJS.TypedArray | ArrayBufferLike, shape: readonly number[], dtype: string): TensorHandle;
  writeBytes(tensor: TensorHandle, bytes: NodeJS.TypedArray | ArrayBufferLike): void;
  toBytes(tensor: TensorHandle): Uint8Array<ArrayBuffer>;
  item(tensor: TensorHandle): number;
  dispose(tensor: TensorHandle): boolean;
  isDisposed(tensor: TensorHandle): boolean;
  shape(tensor: TensorHandle): number[];
  dtype(tensor: TensorHandle): string;
  device(tensor: TensorHandle): string;
  isContiguous(tensor: TensorHandle): boolean;

  // files.cc
  readFile(tensor: TensorHandle, descriptor: number, offset: number): boolean;
  readFileAsync(tensor: TensorHandle, descriptor: number, offset: number): Promise<boolean>;
  mapFileAsync(descriptor: number, offset: number, shape: readonly number[], dtype: string, looked: boolean): Promise<{ tensor: TensorHandle; finite: boolean }>;
  missingPages(): number;
  writeFileAsync(tensor: TensorHandle, descriptor: number, offset: number): Promise<{ finite: boolean; checksum: bigint }>;
  checksumFile(descriptor: number, offset: number, bytes: number): Promise<bigint>;

  // autograd.cc
  requiresGrad(tensor: TensorHandle): boolean;
  setRequiresGrad(tensor: TensorHandle, on: boolean): void;
  grad(tensor: TensorHandle): TensorHandle | null;
  setGrad(tensor: TensorHandle, gradient: TensorHandle | null): void;
  backward(tensor: TensorHandle, gradient: TensorHandle | null, retainGraph: boolean): void;
  setGradEnabled(on: boolean): boolean;

  // runtime.cc
  setThreads(count: number): void;
  threads(): number;
  manualSeed(seed: number): void;
  generator(seed: number): GeneratorHandle;
  liveTensors(): number;
  memoryUse(): { liveBytes: number; peakBytes: number; cachedBytes: number };
  resetPeakMemory(): void;
  trimMemory(keepBytes: number): void;
  limitCachedMemory(bytes: number): void;

  // profile.cc
  startProfile(): void;
  stopProfile(): { name: string; calls: number; seconds: number }[];
}
