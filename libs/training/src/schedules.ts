import { TrainingError } from './training-error.js';
import { constant } from './schedules/constant.js';
import { cosine } from './schedules/cosine.js';
import { linear } from './schedules/linear.js';

/** The share of the peak learning rate at `progress`, 0 at the end of the warm-up and 1 at the last step. */
export interface Schedule {
  readonly name: string;
  share(progress: number): number;
}

/** Every schedule. A new one is a file in schedules/ and one line here. */
export const schedules: readonly Schedule[] = [constant, cosine, linear];

/**
 * The learning rate of each step, numbered from 0: linear warm-up over `warmupRatio` of the steps (the first step is
 * already above zero), then the schedule, as transformers' `get_*_schedule_with_warmup` with the step counted from 1.
 */
export function learningRateAt(step: number, options: { name: string; peak: number; steps: number; warmupRatio: number; warmupSteps?: number }): number {
  const schedule = schedules.find(({ name }) => name === options.name);
  if (!schedule) throw new TrainingError('unknown-schedule', `schedule: expected one of ${schedules.map(({ name }) => name).join(', ')}; got "${options.name}".`, { name: options.name });
  const warmup = options.warmupSteps ?? Math.ceil(options.steps * options.warmupRatio);
  if (step < warmup) return options.peak * ((step + 1) / (warmup + 1));
  return options.peak * schedule.share((step - warmup) / Math.max(1, options.steps - warmup));
}
