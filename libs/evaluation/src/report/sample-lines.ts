import type { ItemScore } from '../planned-task.js';
import type { TaskResult } from './evaluation-results.js';

/** The lines of samples.jsonl: one for each item of each task. */
export function* sampleLines(results: readonly TaskResult[]): Generator<string> {
  for (const { task, scores, against } of results) {
    for (const [place, { index, domain, prompt, choices, target }] of task.items.entries()) {
      const sample = { task: task.name, index, ...(domain !== undefined && { domain }), prompt, ...(choices && { choices }), target, ...shown(scores[place]!), ...(against ? { against: shown(against[place]!) } : {}) };
      yield `${JSON.stringify(sample)}\n`;
    }
  }
}

function shown({ prediction, logProbs, metrics, notes }: ItemScore): Omit<ItemScore, 'values'> {
  return { prediction, logProbs, metrics, ...(notes && { notes }) };
}
