import { RandomGenerator, TunesmithError } from '@tunesmith/tensor';

/**
 * Whether chance plays a part now, and where it draws from: dropped inputs, noise on embeddings. Only while a step of a training runs, so never
 * while evaluating; and what a step draws follows from the seed and the step's number alone, so that a resumed training draws the same.
 */
export class StepNoise {
  #generator: RandomGenerator | null = null;

  /** `seed`, `step`: whole numbers from 0. */
  constructor(private readonly seed: number) {}

  get active(): boolean {
    return this.#generator !== null;
  }

  /** The stream of the running step. */
  get generator(): RandomGenerator {
    if (this.#generator) return this.#generator;
    throw new TunesmithError({ message: 'StepNoise: expected a running step to draw numbers in; call begin(step) first.', code: 'noise-outside-step' });
  }

  begin(step: number): void {
    this.#generator = new RandomGenerator(seedOfStep(this.seed, step));
  }

  end(): void {
    this.#generator = null;
  }
}

/**
 * 32 bits (libtorch's CPU generator uses no more) that differ for every step of a seed and look like those of no other seed: the step through a
 * bijection of 32-bit numbers (the finalizer of MurmurHash3), twice, with the seed between.
 */
export function seedOfStep(seed: number, step: number): number {
  return scramble(scramble(step + 1) ^ (seed | 0) ^ Math.floor(seed / 2 ** 32)) >>> 0;
}

function scramble(number: number): number {
  let bits = number | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
