import type { GeneratorHandle } from '@tunesmith/native';
import { library } from './library.js';

/** A stream of random numbers of its own, so that one user's draws do not move another's. Same seed, same numbers. */
export class RandomGenerator {
  readonly handle: GeneratorHandle;

  /** @param seed an integer from 0 to 2^53 - 1 */
  constructor(readonly seed: number) {
    this.handle = library().generator(seed);
  }
}

/** Seeds the default stream of random numbers of this process. */
export function manualSeed(seed: number): void {
  library().manualSeed(seed);
}
