/** Without `saveEvery`: after this long, and never more than a fiftieth of the time is spent on saving. */
const longestWithout = 5 * 60_000;
const largestShare = 1 / 50;

/** Says when a checkpoint is due. The result of a training does not depend on it. */
export class CheckpointClock {
  #savedAt = performance.now();
  #lastTook = 0;

  /** @param saveEvery in steps; absent: by time */
  constructor(private readonly saveEvery: number | undefined) {}

  /** @param step steps that are done */
  isDue(step: number): boolean {
    if (this.saveEvery !== undefined) return step % this.saveEvery === 0;
    return performance.now() - this.#savedAt >= Math.max(longestWithout, this.#lastTook / largestShare);
  }

  async measured(save: () => Promise<void>): Promise<void> {
    const started = performance.now();
    await save();
    this.#savedAt = performance.now();
    this.#lastTook = this.#savedAt - started;
  }
}
