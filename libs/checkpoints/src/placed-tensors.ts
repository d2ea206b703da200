import { basename } from 'node:path';
import type { RandomAccessFile } from './random-access-file.js';
import type { TensorInfo, TensorSource } from './tensor-source.js';

/** A tensor and where its bytes lie. */
export interface PlacedTensor extends TensorInfo {
  readonly file: RandomAccessFile;
  /** From the start of the file. */
  readonly begin: number;
}

/** Tensors that lie in open files: what the sources of every format have in common. The files are closed with it. */
export abstract class PlacedTensors implements TensorSource {
  constructor(
    private readonly opened: readonly RandomAccessFile[],
    protected readonly tensors: ReadonlyMap<string, PlacedTensor>,
  ) {}

  get files(): readonly string[] {
    return this.opened.map((file) => file.path);
  }

  names(): Iterable<string> {
    return this.tensors.keys();
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  info(name: string): TensorInfo {
    const { dtype, shape, byteLength } = this.find(name);
    return { name, dtype, shape, byteLength };
  }

  async read(name: string): Promise<Uint8Array> {
    const { file, begin, byteLength } = this.find(name);
    return file.read(begin, byteLength);
  }

  locate(name: string): { descriptor: number; begin: number } {
    const { file, begin } = this.find(name);
    return { descriptor: file.descriptor, begin };
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.map((file) => file.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The format's own error for a name that is not there. */
  protected abstract missing(message: string, facts: Readonly<Record<string, unknown>>): Error;

  private find(name: string): PlacedTensor {
    const tensor = this.tensors.get(name);
    if (tensor) return tensor;
    throw this.missing(`There is no tensor ${name} in ${this.files.map((path) => basename(path)).join(', ')}.`, { tensor: name, files: this.files });
  }
}
