import { loadNative, NativeLoadError, type NativeFailure, type NativeLibrary } from '@tunesmith/native';
import { TensorError } from './errors.js';

let ready: NativeLibrary | undefined;

/** The native library, loaded on first use, with its failures turned into TensorError. */
export function library(): NativeLibrary {
  if (ready) return ready;
  try {
    const native = loadNative();
    native.setErrorFactory(toError);
    ready = native;
  } catch (cause) {
    if (cause instanceof NativeLoadError) throw new TensorError({ message: cause.message, code: cause.code, facts: { ...cause.facts }, cause });
    throw cause;
  }
  return ready;
}

function toError(failure: NativeFailure): TensorError {
  const error = new TensorError(failure);
  // The trace should begin where the operator was called, not in this file.
  Error.captureStackTrace(error, toError);
  return error;
}
