import { QuantizationError } from '../quantization-error.js';

const asNumber = new Float16Array(1);
const asBits = new Uint16Array(asNumber.buffer);

/** The largest finite IEEE binary16 number. */
export const largestFloat16 = 65504;

/** The bits of the binary16 number nearest to `value` (ties to even). Throws QuantizationError `value-out-of-range` where that would be infinite. */
export function float16Bits(value: number): number {
  asNumber[0] = value;
  if (!Number.isFinite(asNumber[0])) throw beyondFloat16(value, 'The scale of a block');
  return asBits[0]!;
}

export function beyondFloat16(value: number, what: string): QuantizationError {
  return new QuantizationError({
    code: 'value-out-of-range',
    message: `${what} is ${value}, which float16 cannot hold (at most ${largestFloat16}); choose gguf/bf16 or gguf/f32.`,
    facts: { value, largest: largestFloat16 },
  });
}
