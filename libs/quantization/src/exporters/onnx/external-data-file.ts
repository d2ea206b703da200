import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';

/** Large tensors begin on the allocation granularity of every system, so that a runtime can map them; small ones on a page. */
const largeTensor = 1 << 20;
const largeAlignment = 1 << 16;
const smallAlignment = 1 << 12;

/** The file beside an ONNX graph that holds its weights, written tensor by tensor. */
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

  /** Keeps an aligned place for a tensor of `byteLength` bytes; returns its offset. What is never written there reads as zeros. */
  async reserve(byteLength: number): Promise<number> {
    const alignment = byteLength >= largeTensor ? largeAlignment : smallAlignment;
    const offset = Math.ceil(this.#length / alignment) * alignment;
    this.#length = offset + byteLength;
    await this.#file.truncate(this.#length);
    return offset;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += (await this.#file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }

  get length(): number {
    return this.#length;
  }

  /** Doing it twice does no harm. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
