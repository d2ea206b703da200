import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DomainOptions } from '../domains/domain-options.js';
import type { TrainOptions } from '../train-options.js';
import { tinyTraining } from './tiny-training.js';

export const domainTraining: DomainOptions = {
  names: ['boats', 'stars', 'trees'], weights: 'uniform', replacement: 'when-needed', schedule: { kind: 'fostering', update: 'multiplicative', sigma: 0.5, score: 'ratio' },
};

/**
 * A short training of a random model on rows of three domains, of lengths of their own; beside them rows of none, rows of a domain that is only held
 * out, and of one that never is.
 */
export async function tinyDomains(folder: string, changes: Partial<TrainOptions> = {}): Promise<TrainOptions> {
  const options = await tinyTraining(folder, { steps: 12, evaluateEvery: 4, batch: 3, schedule: 'constant', warmupRatio: 0, domains: domainTraining, ...changes });
  const row = (tag: string, index: number, said: string, split = index % 4 === 3 ? 'validation' : 'train'): string =>
    JSON.stringify({ messages: [{ role: 'user', content: `How many ${tag} are ${index}?` }, { role: 'assistant', content: said }], split, tags: [tag] });
  const rows = [
    ...Array.from({ length: 16 }, (_, index) => row('boats', index, `The harbour counts ${index} boats.`)),
    ...Array.from({ length: 16 }, (_, index) => row('stars', index, `${index} stars, and again ${index} of them, far away.`)),
    ...Array.from({ length: 8 }, (_, index) => row('trees', index, `${index}!`)),
    ...Array.from({ length: 2 }, (_, index) => row('others', index, `${index}`)),
    row('silent', 0, 'Hush.', 'validation'),
    row('shown', 0, 'Look.', 'train'),
  ];
  await writeFile(join(options.datasetFolder, 'rows.jsonl'), rows.map((each) => `${each}\n`).join(''));
  return options;
}
