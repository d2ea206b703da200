import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { NativeLibrary } from './index.js';

/** The addon is missing or does not load. Its message names the command that mends it. */
export class NativeLoadError extends Error {
  override readonly name = 'NativeLoadError';

  constructor(
    readonly code: 'native-missing' | 'native-broken',
    message: string,
    readonly facts: { readonly file: string; readonly reason?: string },
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

let loaded: NativeLibrary | undefined;

/** Loads native/build/compute.node on the first call (about 0.3 s); later calls are free. Throws NativeLoadError. */
export function loadNative(): NativeLibrary {
  if (loaded) return loaded;
  // The same relative place from native/ts and from native/dist.
  const file = fileURLToPath(new URL('../build/compute.node', import.meta.url));
  if (!existsSync(file)) {
    throw new NativeLoadError('native-missing', `The native compute library has not been built: ${file} is missing. Run: npm run bootstrap`, { file });
  }
  sleepAfterAShortSpin();
  try {
    loaded = createRequire(import.meta.url)(file) as NativeLibrary;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NativeLoadError(
      'native-broken',
      `The native compute library does not load (${reason}). libtorch or Node may have changed since it was built. Run: npm run bootstrap`,
      { file, reason },
      cause,
    );
  }
  return loaded;
}

/**
 * OpenMP's threads spin while they wait, and a spinning thread takes the core from the one that it waits for as soon as anything else runs:
 * with four busy processes on two cores a generated token took 0.07 s asleep and more than 10 s spinning. To wake a sleeping thread for each
 * of the hundred products of a token costs as much as the products, though: 23 tokens a second asleep, 44 with a spin of some microseconds
 * before they sleep. libgomp reads the variables when the addon loads it.
 */
function sleepAfterAShortSpin(): void {
  process.env['OMP_WAIT_POLICY'] ??= 'PASSIVE';
  process.env['GOMP_SPINCOUNT'] ??= '5000';
}
