import { float32FromBfloat16, float32FromFloat16, type TensorSource } from '@tunesmith/checkpoints';
import { QuantizationError } from '../quantization-error.js';

/** How many elements are converted at a time: 4 MiB, so that pieces stay near the processor and no tensor is held twice. */
const pieceElements = 1 << 20;

/** The weights of a Hugging Face folder as float32, a piece at a time, whatever float type they are stored in. */
export class WeightReader {
  constructor(private readonly source: TensorSource) {}

  has(name: string): boolean {
    return this.source.has(name);
  }

  /** The whole tensor at once, in a buffer of its own. */
  async values(name: string, shape: readonly number[]): Promise<Float32Array> {
    const all = new Float32Array(shape.reduce((product, size) => product * size, 1));
    let filled = 0;
    for await (const piece of this.rows(name, shape)) {
      all.set(piece, filled);
      filled += piece.length;
    }
    return all;
  }

  /**
   * The tensor in order, in pieces of whole rows (a row: the last dimension). A piece is valid until the next is asked for; it may be changed.
   * Throws QuantizationError `tensor-missing`, `tensor-wrong-shape`, `tensor-wrong-type`.
   */
  async *rows(name: string, shape: readonly number[]): AsyncGenerator<Float32Array> {
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
    const toFloat32 = converters[info.dtype];
    if (toFloat32 === undefined) {
      throw new QuantizationError({
        code: 'tensor-wrong-type',
        message: `${name} is stored as ${info.dtype}; expected ${Object.keys(converters).join(', ')}`,
        facts: { tensor: name, dtype: info.dtype },
      });
    }
    const bytes = await this.source.read(name);
    const rowLength = shape.at(-1) ?? 1;
    const count = shape.reduce((product, size) => product * size, 1);
    const step = rowLength * Math.max(1, Math.floor(pieceElements / Math.max(1, rowLength)));
    for (let start = 0; start < count; start += step) yield toFloat32(bytes, start, Math.min(step, count - start));
  }
}

const converters: Readonly<Record<string, (bytes: Uint8Array, start: number, count: number) => Float32Array>> = {
  F32: (bytes, start, count) => new Float32Array(bytes.buffer, bytes.byteOffset + start * 4, count),
  F16: (bytes, start, count) => float32FromFloat16(new Uint16Array(bytes.buffer, bytes.byteOffset + start * 2, count)),
  BF16: (bytes, start, count) => float32FromBfloat16(new Uint16Array(bytes.buffer, bytes.byteOffset + start * 2, count)),
};
