import type { TensorHandle } from '@tunesmith/native';
import { asDType, dtypeBytes, type DType } from './dtype.js';
import { TensorError } from './errors.js';
import { library } from './library.js';
import { disown, own } from './scope-stack.js';

/**
 * An n-dimensional array in native memory. Let go of it with `using`, `dispose()`, or a surrounding `scope`; what is forgotten is freed only
 * when the garbage collector comes by. Any use after that is a TensorError `tensor-disposed`.
 */
export class Tensor {
  #shape: readonly number[] | undefined;
  #dtype: DType | undefined;

  /** For this room only: make tensors with `tensor`, `fromBytes`, `zeros` …, or by an operator. */
  constructor(readonly handle: TensorHandle) {
    own(this);
  }

  /** Sizes, outermost first; [] for a single number. */
  get shape(): readonly number[] {
    return (this.#shape ??= Array.from(library().shape(this.handle)));
  }

  get dtype(): DType {
    return (this.#dtype ??= asDType(library().dtype(this.handle)));
  }

  /** `cpu`, `cuda:0` … */
  get device(): string {
    return library().device(this.handle);
  }

  /** How many elements there are. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  get byteLength(): number {
    return this.size * dtypeBytes[this.dtype];
  }

  get requiresGrad(): boolean {
    return library().requiresGrad(this.handle);
  }

  /** The gradient that backward passes have gathered here; each read is a new Tensor over the same memory. */
  get grad(): Tensor | null {
    const handle = library().grad(this.handle);
    return handle && new Tensor(handle);
  }

  set grad(gradient: Tensor | null) {
    library().setGrad(this.handle, gradient && gradient.handle);
  }

  /** Forgets the gradient, and frees its memory. */
  zeroGrad(): void {
    library().setGrad(this.handle, null);
  }

  /** Asks for a gradient here (floating-point tensors that no operator made). */
  setRequiresGrad(on: boolean): this {
    library().setRequiresGrad(this.handle, on);
    return this;
  }

  /** Adds the gradient of this single number (or of `gradient` · this) to every tensor that requires one. */
  backward(gradient: Tensor | null = null, options: { retainGraph?: boolean } = {}): void {
    library().backward(this.handle, gradient && gradient.handle, options.retainGraph ?? false);
  }

  /** The same memory without its history. */
  detach(): Tensor {
    return new Tensor(library().op('aten::detach', '')(this.handle) as TensorHandle);
  }

  /** The only element as a number; throws for more than one, and for an integer beyond 2^53. */
  item(): number {
    return library().item(this.handle);
  }

  /** Every element in row-major order; bool as 0 and 1. */
  toArray(): number[] {
    const dtype = this.dtype;
    if (dtype === 'bfloat16' || dtype === 'float16') {
      const wide = library().op('aten::to', 'dtype')(this.handle, 'float32') as TensorHandle;
      try {
        return [...new Float32Array(library().toBytes(wide).buffer)];
      } finally {
        library().dispose(wide);
      }
    }
    const { buffer } = library().toBytes(this.handle);
    switch (dtype) {
      case 'float64':
        return [...new Float64Array(buffer)];
      case 'float32':
        return [...new Float32Array(buffer)];
      case 'int64':
        return Array.from(new BigInt64Array(buffer), exactNumber);
      case 'int32':
        return [...new Int32Array(buffer)];
      case 'int16':
        return [...new Int16Array(buffer)];
      case 'int8':
        return [...new Int8Array(buffer)];
      default:
        return [...new Uint8Array(buffer)];
    }
  }

  /** A copy of the elements, little-endian, row-major. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return library().toBytes(this.handle);
  }

  /** Overwrites the elements of a contiguous CPU tensor; as many bytes as `byteLength`. */
  writeBytes(bytes: NodeJS.TypedArray): void {
    library().writeBytes(this.handle, bytes);
  }

  /**
   * Overwrites the elements of a contiguous CPU tensor with those in an open file, little-endian, row-major, from byte `offset` on; blocks until
   * they are read. -> whether all of them are finite. Throws `file-truncated` where the file ends too early.
   */
  readFile(descriptor: number, offset: number): boolean {
    return library().readFile(this.handle, descriptor, offset);
  }

  /** As `readFile`, by another thread: nothing may use this tensor before the promise is kept. */
  readFileAsync(descriptor: number, offset: number): Promise<boolean> {
    return library().readFileAsync(this.handle, descriptor, offset);
  }

  /**
   * Writes the elements of a contiguous CPU tensor into an open file, little-endian, row-major, from byte `offset` on, by another thread: nothing
   * may change this tensor before the promise is kept. -> whether all elements are finite, and XXH64 of the bytes. Throws `disk-full`.
   */
  writeFileAsync(descriptor: number, offset: number): Promise<{ finite: boolean; checksum: bigint }> {
    return library().writeFileAsync(this.handle, descriptor, offset);
  }

  get isDisposed(): boolean {
    return library().isDisposed(this.handle);
  }

  /** Lets go of the native memory (when no other view or graph holds it). Twice is allowed. */
  dispose(): void {
    if (!library().dispose(this.handle)) return;
    disown(this);
    this.#shape = undefined; // so that reading it later fails like every other use
    this.#dtype = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return this.isDisposed ? 'Tensor(disposed)' : `Tensor(${this.dtype} [${this.shape.join(', ')}]${this.device === 'cpu' ? '' : ` on ${this.device}`})`;
  }
}

function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new TensorError({ message: `The element ${value} does not fit a JavaScript number exactly; read it with toBytes`, code: 'integer-unsafe' });
  }
  return number;
}
