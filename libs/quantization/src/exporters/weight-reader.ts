import { elementCount, float32FromBfloat16, float32FromFloat16, type TensorSource } from '@tunesmith/checkpoints';
import type { DType } from '@tunesmith/tensor';
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { QuantizationError } from '../quantization-error.js';
import { turned } from './turned.js';

/** How many elements are converted at a time: 4 MiB, so that pieces stay near the processor and no tensor is held whole. */
const pieceElements = 1 << 20;

/** How a tensor lies in its file. */
export interface StoredFloats {
  readonly dtype: Extract<DType, 'float32' | 'float16' | 'bfloat16'>;
  readonly bytesPerElement: number;
  readonly toFloat32: (bytes: Uint8Array) => Float32Array;
}

const readAt = promisify(read);

/** The weights of a Hugging Face folder, a piece at a time, whatever float type they are stored in. */
export class WeightReader {
  /** The last of the tensors that lie in no file as they are: it is asked for in pieces, and each would decode it anew. */
  #decoded: { readonly name: string; readonly bytes: Uint8Array } | undefined;

  constructor(private readonly source: TensorSource) {}

  has(name: string): boolean {
    return this.source.has(name);
  }

  /** Throws QuantizationError `tensor-missing`, `tensor-wrong-shape`, `tensor-wrong-type`. */
  stored(name: string, shape: readonly number[]): StoredFloats {
    if (!this.source.has(name)) {
      throw new QuantizationError({ code: 'tensor-missing', message: `the model folder has no tensor ${name}; expected one of shape [${shape.join(', ')}]`, facts: { tensor: name } });
    }
    const info = this.source.info(name);
    if (info.shape.join() !== shape.join()) {
      throw new QuantizationError({
        code: 'tensor-wrong-shape',
        message: `${name} has shape [${info.shape.join(', ')}]; its config.json asks for [${shape.join(', ')}]`,
        facts: { tensor: name, shape: info.shape, expected: shape },
      });
    }
    const floats = storedFloats[info.dtype];
    if (floats !== undefined) return floats;
    throw new QuantizationError({
      code: 'tensor-wrong-type',
      message: `${name} is stored as ${info.dtype}; expected ${Object.keys(storedFloats).join(', ')}`,
      facts: { tensor: name, dtype: info.dtype },
    });
  }

  /** Fills `target` with the tensor's bytes from `offset` on. */
  async readInto(name: string, offset: number, target: Uint8Array): Promise<void> {
    const place = this.source.locate?.(name);
    if (place === undefined) return target.set((await this.decoded(name)).subarray(offset, offset + target.byteLength));
    let done = 0;
    while (done < target.byteLength) {
      const { bytesRead } = await readAt(place.descriptor, target, done, target.byteLength - done, place.begin + offset + done);
      if (bytesRead === 0) {
        throw new QuantizationError({ code: 'tensor-cut-short', message: `the file of ${name} ends before the tensor does: it was changed while it was read. Fetch or write it again.`, facts: { tensor: name } });
      }
      done += bytesRead;
    }
  }

  /** The whole tensor at once, in a buffer of its own. Throws as `stored` does. */
  async values(name: string, shape: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    const all = new Float32Array(elementCount(shape));
    let filled = 0;
    for await (const piece of this.rows(name, shape)) {
      all.set(piece, filled);
      filled += piece.length;
    }
    return all;
  }

  /** The tensor in order, in pieces of whole rows (a row: the last dimension); a piece is the caller's. Throws as `stored` does. */
  async *rows(name: string, shape: readonly number[]): AsyncGenerator<Float32Array> {
    const { bytesPerElement, toFloat32 } = this.stored(name, shape);
    const rowLength = shape.at(-1) ?? 1;
    const count = elementCount(shape);
    const step = rowLength * Math.max(1, Math.floor(pieceElements / Math.max(1, rowLength)));
    for (let start = 0; start < count; start += step) {
      const bytes = new Uint8Array(Math.min(step, count - start) * bytesPerElement);
      await this.readInto(name, start * bytesPerElement, bytes);
      yield toFloat32(bytes);
    }
  }

  /** The transpose of a matrix that is stored as [rows, columns], in order; read whole, as only GPT-2's small ones are. Throws as `stored` does. */
  async *transposedRows(name: string, [rows, columns]: readonly [number, number]): AsyncGenerator<Float32Array> {
    yield turned(await this.values(name, [rows, columns]), rows, columns);
  }

  private async decoded(name: string): Promise<Uint8Array> {
    if (this.#decoded?.name !== name) this.#decoded = { name, bytes: await this.source.read(name) };
    return this.#decoded.bytes;
  }
}

/** By the names of safetensors. */
const storedFloats: Readonly<Record<string, StoredFloats>> = {
  F32: { dtype: 'float32', bytesPerElement: 4, toFloat32: ({ buffer, byteOffset, byteLength }) => new Float32Array(buffer, byteOffset, byteLength / 4) },
  F16: { dtype: 'float16', bytesPerElement: 2, toFloat32: ({ buffer, byteOffset, byteLength }) => float32FromFloat16(new Uint16Array(buffer, byteOffset, byteLength / 2)) },
  BF16: { dtype: 'bfloat16', bytesPerElement: 2, toFloat32: ({ buffer, byteOffset, byteLength }) => float32FromBfloat16(new Uint16Array(buffer, byteOffset, byteLength / 2)) },
};
