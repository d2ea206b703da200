import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';

/** Large tensors begin on the allocation granularity of every system, so that a runtime can map them; small ones on a page. */
const largeTensor = 1 << 20;
const largeAlignment = 1 << 16;
const smallAlignment = 1 << 12;

/** The file beside an ONNX graph that holds its weights, written front to back. */
export class ExternalDataFile implements AsyncDisposable {
  /** The plain file name, as the graph refers to it. */
  readonly location: string;
  readonly #file: FileHandle;
  #length = 0;

  private constructor(path: string, file: FileHandle) {
    this.location = basename(path);
    this.#file = file;
  }

  /** Creates (or empties) the file. */
  static async create(path: string): Promise<ExternalDataFile> {
    return new ExternalDataFile(path, await open(path, 'w'));
  }

  /** Begins a tensor of `byteLength` bytes; returns its offset. */
  async begin(byteLength: number): Promise<number> {
    const alignment = byteLength >= largeTensor ? largeAlignment : smallAlignment;
    const padding = (alignment - (this.#length % alignment)) % alignment;
    if (padding) await this.append(new Uint8Array(padding));
    return this.#length;
  }

  /** Appends to the tensor that was begun last. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.writeFile(bytes);
    this.#length += bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Doing it twice does no harm. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
