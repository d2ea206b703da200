import { decodeQ2_K, decodeQ3_K, decodeQ4_K, decodeQ5_K, decodeQ6_K } from './dequantize-k-blocks.js';
import { decodeIq4Nl, decodeQ4_0, decodeQ4_1, decodeQ5_0, decodeQ5_1, decodeQ8_0 } from './dequantize-simple-blocks.js';
import { GgufError } from './errors.js';
import { bfloat16FromFloat32, float32FromBfloat16, float32FromFloat16 } from './float-conversion.js';
import { ggmlTypeByName, type GgmlType } from './gguf-types.js';

/** Decodes whole blocks into `out`; `half` maps the bits of a float16 to its value. */
export type BlockDecoder = (bytes: Uint8Array, half: Float32Array, out: Float32Array) => void;

const decoders: ReadonlyMap<string, BlockDecoder> = new Map([
  ['Q4_0', decodeQ4_0],
  ['Q4_1', decodeQ4_1],
  ['Q5_0', decodeQ5_0],
  ['Q5_1', decodeQ5_1],
  ['Q8_0', decodeQ8_0],
  ['IQ4_NL', decodeIq4Nl],
  ['Q2_K', decodeQ2_K],
  ['Q3_K', decodeQ3_K],
  ['Q4_K', decodeQ4_K],
  ['Q5_K', decodeQ5_K],
  ['Q6_K', decodeQ6_K],
  ['F32', (bytes, _half, out) => out.set(new Float32Array(ownBuffer(bytes), 0, out.length))],
  ['F16', (bytes, _half, out) => void float32FromFloat16(new Uint16Array(ownBuffer(bytes), 0, out.length), out)],
  ['BF16', (bytes, _half, out) => void float32FromBfloat16(new Uint16Array(ownBuffer(bytes), 0, out.length), out)],
]);

/** The ggml types that `dequantizeGguf` knows. */
export const dequantizableGgufTypes: readonly string[] = [...decoders.keys()];

/**
 * The values of `count` elements stored as ggml type `type`. Bit-exact with the reference in gguf-py. Throws GgufError where the type has no
 * decoder, or the number of bytes does not fit.
 */
export function dequantizeGguf(type: string, bytes: Uint8Array, count: number): Float32Array {
  const { decode } = check(type, bytes, count);
  const out = new Float32Array(count);
  decode(bytes, halfTable(), out);
  return out;
}

/** Elements decoded at a time on the way to bfloat16: the scratch stays in the processor's cache. */
const sliceElements = 1 << 15;

/**
 * As `dequantizeGguf`, rounded to bfloat16 (nearest, ties to even), in slices, so that the float32 values never exist all at once.
 * `change` may alter the float32 values of each slice before they are rounded.
 */
export function dequantizeGgufToBfloat16(type: string, bytes: Uint8Array, count: number, change?: (values: Float32Array) => void): Uint16Array {
  const { decode, ggml } = check(type, bytes, count);
  const half = halfTable();
  const out = new Uint16Array(count);
  const scratch = new Float32Array(Math.min(count, sliceElements));
  for (let start = 0; start < count; start += sliceElements) {
    const size = Math.min(sliceElements, count - start);
    const values = scratch.subarray(0, size);
    const from = (start / ggml.blockElements) * ggml.blockBytes;
    decode(bytes.subarray(from, from + (size / ggml.blockElements) * ggml.blockBytes), half, values);
    change?.(values);
    bfloat16FromFloat32(values, out.subarray(start, start + size));
  }
  return out;
}

function check(type: string, bytes: Uint8Array, count: number): { decode: BlockDecoder; ggml: GgmlType } {
  const decode = decoders.get(type);
  const ggml = ggmlTypeByName(type);
  if (!decode || !ggml) {
    throw new GgufError({
      code: 'gguf-type-not-decodable',
      message: `Tensors of type ${type} cannot be decoded; supported are ${dequantizableGgufTypes.join(', ')}. Take a file in one of these, such as Q8_0 or F16.`,
      facts: { type },
    });
  }
  const expected = (count / ggml.blockElements) * ggml.blockBytes;
  if (!Number.isInteger(count / ggml.blockElements) || bytes.byteLength !== expected) {
    throw new GgufError({
      code: 'gguf-block-mismatch',
      message: `${count} elements of ${type} (blocks of ${ggml.blockElements}) take ${expected} bytes, got ${bytes.byteLength}.`,
      facts: { type, count, expected, got: bytes.byteLength },
    });
  }
  return { decode, ggml };
}

let table: Float32Array | undefined;

/** Every float16 as float32, made on first use: a look-up is faster than decoding the scale of each block. */
function halfTable(): Float32Array {
  if (!table) {
    table = new Float32Array(65536);
    float32FromFloat16(Uint16Array.from({ length: 65536 }, (_, bits) => bits), table);
  }
  return table;
}

/** A buffer that begins with these bytes, as typed arrays of wider elements need: the given one if possible. */
function ownBuffer(bytes: Uint8Array): ArrayBufferLike {
  return bytes.byteOffset === 0 ? bytes.buffer : bytes.slice().buffer;
}
