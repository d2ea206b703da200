import { totalmem } from 'node:os';
import { defineWorker } from '@tunesmith/platform';
import { compareDomains, leastMemory, planTraining, trainModel } from '@tunesmith/training';
import type { CompareDomainsInput } from './compare-domains-requested.handler.js';
import type { TrainInput } from './train-requested.handler.js';

/** What the workers of the trainer may run. */
export default defineWorker(
  {
    train: ({ outFolders, checkpoints, ...options }: TrainInput, context) => trainModel(options, outFolders.tuned, context, { ...(checkpoints ? { checkpoints } : {}), reportFolder: outFolders.report }),
    plan: planTraining,
    compareDomains: ({ outFolder, ...options }: CompareDomainsInput) => compareDomains(options, outFolder),
  },
  { cores: { compareDomains: 0 }, predictMemory: { train: predictTraining } },
);

/** A trial that is short, because every job waits for it. */
const trialOperations = 2e11;

/** The peak of the plan; of a model that is larger than the machine, what it cannot do without. */
async function predictTraining(options: TrainInput): Promise<Record<string, number>> {
  const least = await leastMemory(options);
  if (Object.values(least).reduce((sum, part) => sum + part, 0) > totalmem()) return least;
  const { memoryParts } = await planTraining(options, { signal: new AbortController().signal, onProgress: () => undefined }, { operations: trialOperations });
  return { ...memoryParts };
}
