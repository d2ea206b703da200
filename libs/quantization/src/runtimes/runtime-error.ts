import { QuantizationError } from '../quantization-error.js';

/** A written file that its runtime does not load or run; the runtime's own words stand in the message. */
export function fileRefused(path: string, runtime: string, cause: unknown): QuantizationError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new QuantizationError({
    code: 'file-refused-by-runtime',
    message: `${runtime} does not take the file ${path}: ${reason}`,
    facts: { path, runtime, reason },
    cause,
  });
}

/** A written file that loads, and then computes nonsense. */
export function logitsNotFinite(path: string, runtime: string, position: number): QuantizationError {
  return new QuantizationError({
    code: 'logits-not-finite',
    message: `${runtime} computes logits from ${path} that are not finite numbers (after token ${position} of a row). The weights may exceed the range of the format, or be damaged: evaluate the model first.`,
    facts: { path, runtime, position },
  });
}
