import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { composeDataset, describeDataset, diffDatasets, importDataset, readDetectedShares, TokenCounter } from '@tunesmith/datasets';
import { detectDomains, sixDomains } from '@tunesmith/evaluation';
import { completeRowsWithModel, makeAssessmentForm, readAssessment, synthesizeInstructions, synthesizeResponses, type CompleteRowsOptions, type TeacherSource } from '@tunesmith/generation';
import { conversationFormat } from '@tunesmith/models';
import { defineWorker } from '@tunesmith/platform';
import { Tokenizer } from '@tunesmith/tokenizers';
import type { MakeFormInput, ReadGradesInput } from './assess-requested.handler.js';
import type { ComposeInput } from './compose-requested.handler.js';
import type { CountedModel } from './counted-model.js';
import type { DiffDatasetsInput } from './dataset-diff-requested.handler.js';
import type { ImportDatasetInput } from './dataset-import-requested.handler.js';
import type { ReportDatasetInput } from './dataset-report-requested.handler.js';
import type { DetectInput } from './detect-requested.handler.js';
import type { SynthesizeInstructionsInput, SynthesizeResponsesInput } from './synthesize-requested.handler.js';

type CompleteRowsInput = CompleteRowsOptions & { outFolder: string };

/** What the workers of synthesis may run. Reading rows, and waiting for another machine's answers, is light: it does not queue behind hours of training. */
export default defineWorker(
  {
    importDataset: async ({ path, outFolder, modelFolder, modelDigest, ...options }: ImportDatasetInput, context) =>
      importDataset(path, outFolder, { ...options, tokens: await openTokenCounter({ modelFolder, modelDigest }) }, context),
    describeDataset: async ({ datasetFolder, outFolder, modelFolder, modelDigest, ...options }: ReportDatasetInput, context) =>
      writeReport(outFolder, await describeDataset(datasetFolder, { ...options, tokens: await openTokenCounter({ modelFolder, modelDigest }) }, context)),
    diffDatasets: async ({ outFolder, ...options }: DiffDatasetsInput, context) => writeReport(outFolder, await diffDatasets(options, context)),
    completeRows: ({ outFolder, ...options }: CompleteRowsInput, context) => completeRowsWithModel(options, outFolder, context),
    compose: async ({ outFolder, detectionFolder, ...options }: ComposeInput, context) =>
      composeDataset({ ...options, ...(detectionFolder === undefined ? {} : { shares: await readDetectedShares(detectionFolder) }) }, outFolder, context),
    detect: ({ outFolder, domains = sixDomains, ...options }: DetectInput, context) => detectDomains({ ...options, domains }, outFolder, context),
    synthesizeInstructions: ({ outFolders, ...options }: SynthesizeInstructionsInput, context) => synthesizeInstructions(options, outFolders, context),
    synthesizeResponses: ({ outFolders, ...options }: SynthesizeResponsesInput, context) => synthesizeResponses(options, outFolders, context),
    makeAssessmentForm: ({ outFolder, ...options }: MakeFormInput, context) => makeAssessmentForm(options, outFolder, context),
    readAssessment: ({ formFolder, gradesFolder, outFolder }: ReadGradesInput) => readAssessment(formFolder, gradesFolder, outFolder),
    synthesizeInstructionsElsewhere: ({ outFolders, ...options }: SynthesizeInstructionsInput, context) => synthesizeInstructions(options, outFolders, context),
    synthesizeResponsesElsewhere: ({ outFolders, ...options }: SynthesizeResponsesInput, context) => synthesizeResponses(options, outFolders, context),
  },
  {
    cores: { importDataset: 0, describeDataset: 0, diffDatasets: 0, compose: 0, readAssessment: 0, synthesizeInstructionsElsewhere: 0, synthesizeResponsesElsewhere: 0 },
    predictMemory: { completeRows: predictWeights, detect: predictDetection, synthesizeInstructions: predictTeachers, synthesizeResponses: predictTeachers, makeAssessmentForm: predictAssessed },
  },
);

/** Counts tokens as the model in a folder reads rows. */
async function openTokenCounter({ modelFolder, modelDigest }: CountedModel): Promise<TokenCounter | undefined> {
  return modelFolder === undefined ? undefined : new TokenCounter(await Tokenizer.fromFolder(modelFolder), await conversationFormat(modelFolder), modelDigest);
}

async function writeReport<Report>(folder: string, report: Report): Promise<Report> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

async function predictWeights({ modelFolder, dtype = 'bfloat16' }: Pick<CompleteRowsInput, 'modelFolder' | 'dtype'>): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const parameters = [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
  return { weights: parameters * (dtype === 'float32' ? 4 : 2) };
}

/** One model is in memory at a time. */
async function predictDetection({ modelFolder, judge, dtype }: DetectInput): Promise<Record<string, number>> {
  const folders = [modelFolder, ...(judge.kind === 'model' ? [judge.folder] : [])];
  const weights = await Promise.all(folders.map(async (folder) => (await predictWeights({ modelFolder: folder, dtype }))['weights']!));
  return { weights: Math.max(...weights) };
}

async function predictTeachers({ teacher, judge }: SynthesizeInstructionsInput | SynthesizeResponsesInput): Promise<Record<string, number>> {
  return { teacher: await weightsOf(teacher), ...(judge && { judge: await weightsOf(judge.model) }) };
}

/** One model is in memory at a time. */
async function predictAssessed({ models, dtype }: MakeFormInput): Promise<Record<string, number>> {
  const weights = await Promise.all(models.map(async ({ folder }) => (await predictWeights({ modelFolder: folder, dtype }))['weights']!));
  return { weights: Math.max(0, ...weights) };
}

async function weightsOf(source: TeacherSource): Promise<number> {
  if (source.kind === 'address') return 0;
  if (source.kind === 'gguf') return (await stat(source.file)).size;
  return (await predictWeights({ modelFolder: source.folder, dtype: source.dtype }))['weights']!;
}
