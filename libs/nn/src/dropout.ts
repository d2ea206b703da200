import { ops, rand, type Tensor } from '@tunesmith/tensor';
import type { StepNoise } from './step-noise.js';

/** Zeroes each element with the chance `rate` and scales the others up by as much, while a step runs; otherwise hands on what came. */
export class Dropout {
  /** `rate`: from 0 to below 1. */
  constructor(
    readonly rate: number,
    private readonly noise: StepNoise,
  ) {}

  get active(): boolean {
    return this.rate > 0 && this.noise.active;
  }

  forward(input: Tensor): Tensor {
    if (!this.active) return input;
    const kept = ops.geScalar(rand(input.shape, { device: input.device, generator: this.noise.generator }), this.rate);
    return ops.mulScalar(ops.mul(input, ops.toDtype(kept, input.dtype)), 1 / (1 - this.rate));
  }
}
