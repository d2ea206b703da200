import { memoryUse } from '@tunesmith/tensor';
import type { StepResult } from './train-step.js';

/** Speed is that of the last seconds, so that a watcher sees a change. */
const windowSeconds = 10;

/** What watchers are told after every step. Time between steps (evaluations, checkpoints) counts for nothing. */
export class LiveMetrics {
  readonly #recent: { readonly seconds: number; readonly tokens: number }[] = [];
  #startedAt = performance.now();

  /** The next step begins. */
  resume(): void {
    this.#startedAt = performance.now();
  }

  after({ loss, gradientNorm, tokens }: StepResult, learningRate: number, evaluationLoss: number | undefined): Record<string, number> {
    this.#recent.push({ seconds: (performance.now() - this.#startedAt) / 1000, tokens });
    const sum = (of: 'seconds' | 'tokens'): number => this.#recent.reduce((total, step) => total + step[of], 0);
    while (this.#recent.length > 1 && sum('seconds') - this.#recent[0]!.seconds > windowSeconds) this.#recent.shift();
    return {
      loss, ...(evaluationLoss === undefined ? {} : { evaluationLoss }), gradientNorm, learningRate,
      tokensPerSecond: sum('tokens') / Math.max(1e-6, sum('seconds')), memoryBytes: process.memoryUsage.rss(), tensorBytes: memoryUse().liveBytes,
    };
  }
}
