/** What a checkpoint says about one tensor without reading it. */
export interface TensorInfo {
  readonly name: string;
  /** The safetensors name (`BF16`) or the ggml name (`Q4_K`). */
  readonly dtype: string;
  /** Row-major, slowest dimension first, for GGUF too. */
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** Named tensors in one or more files. Opening reads headers only; `read` reads one tensor by position. */
export interface TensorSource extends AsyncDisposable {
  /** In file order. */
  names(): Iterable<string>;
  has(name: string): boolean;
  /** Throws where the name is unknown. */
  info(name: string): TensorInfo;
  /** The tensor's bytes in a buffer of their own, so that typed-array views of any element size are aligned. */
  read(name: string): Promise<Uint8Array>;
  /** Where the tensor's bytes lie in an open file, for those who read them straight into place; absent or undefined where they lie in none. */
  locate?(name: string): { readonly descriptor: number; readonly begin: number } | undefined;
  close(): Promise<void>;
}

/** Number of elements of a shape; a scalar has one. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
