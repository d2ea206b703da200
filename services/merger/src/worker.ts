import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { fuseDistributions, measureAgreement, representModel, type AgreementOptions, type RepresentOptions } from '@tunesmith/fusion';
import { compressDelta, extractAdapter, makeMergedModel, mergeAdapters, restoreDelta, type CompressDeltaOptions, type ExtractAdapterOptions, type MakeMergedModelOptions, type MergeAdaptersOptions, type RestoreDeltaOptions } from '@tunesmith/merging';
import { defineWorker } from '@tunesmith/platform';
import type { FuseInput } from './fuse-requested.handler.js';

/** What the workers of the merger may run. */
export default defineWorker(
  {
    merge: ({ outFolder, ...options }: MakeMergedModelOptions & { outFolder: string }, context) => makeMergedModel(options, outFolder, context),
    extractAdapter: ({ outFolder, ...options }: ExtractAdapterOptions & { outFolder: string }, context) => extractAdapter(options, outFolder, context),
    mergeAdapters: ({ outFolder, ...options }: MergeAdaptersOptions & { outFolder: string }, context) => mergeAdapters(options, outFolder, context),
    compressDelta: ({ outFolder, ...options }: CompressDeltaOptions & { outFolder: string }, context) => compressDelta(options, outFolder, context),
    restoreDelta: ({ outFolder, ...options }: RestoreDeltaOptions & { outFolder: string }, context) => restoreDelta(options, outFolder, context),
    represent: ({ outFolder, ...options }: RepresentOptions & { outFolder: string }, context) => representModel(options, outFolder, context),
    fuse: ({ outFolders, ...options }: FuseInput, context) => fuseDistributions(options, outFolders.dataset, outFolders.report, context),
    agree: ({ outFolder, ...options }: AgreementOptions & { outFolder: string }, context) => measureAgreement(options, outFolder, context),
  },
  { predictMemory: { represent: predictRepresentation } },
);

/** Bytes of logits and of what is made from them, and of the activations of a batch; seen with 0.5 billion parameters. */
const workingMemory = 1.2e9;

async function predictRepresentation({ modelFolder, dtype }: RepresentOptions): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const parameters = [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
  return { weights: parameters * (dtype === 'float32' ? 4 : 2), work: workingMemory };
}
