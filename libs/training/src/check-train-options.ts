import type { DomainOptions } from './domains/domain-options.js';
import type { TrainOptions } from './train-options.js';
import { TrainingError } from './training-error.js';

/** Refuses settings with which a training would learn nothing, or not what was asked, before anything is read. Throws TrainingError `bad-settings`. */
export function checkTrainOptions(options: TrainOptions): void {
  const { learningRate, evaluateEvery, patience, keep, adapterFolder, teacherFolder, objective, method } = options;
  const refuse = (message: string, facts: Record<string, unknown>): never => {
    throw new TrainingError('bad-settings', `train: ${message}`, facts);
  };
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    refuse(`learningRate: expected a number above 0; got ${learningRate}. Nothing is learned at 0; try 2e-4 for LoRA, 2e-5 for full tuning.`, { learningRate });
  }
  if (evaluateEvery === undefined && (patience !== undefined || keep === 'best')) {
    refuse(`${patience === undefined ? 'keep best' : 'patience'}: expected evaluateEvery beside it, since only evaluations tell what is better; got none.`, { patience, keep });
  }
  if (adapterFolder !== undefined && !(method.kind === 'lora' && method.initialization === 'zero')) refuse(`adapter: expected the method lora with initialization zero beside it, whose A and B it gives; got ${method.kind}${method.kind === 'lora' ? ` with ${method.initialization}` : ''}.`, { method: method.kind });
  if (options.domains) checkDomainOptions(options, options.domains, refuse);
  if (teacherFolder !== undefined && objective.kind !== 'distill') refuse(`teacher: expected the objective distill beside it, the only one that listens to a teacher; got ${objective.kind}.`, { objective: objective.kind });
}

type Refuse = (message: string, facts: Record<string, unknown>) => never;

/** What domains by weight do not go together with, or cannot do without. */
function checkDomainOptions({ evaluateEvery, objective, packing, order, accumulate, referenceFolder, referenceReportFolders }: TrainOptions, { roundTokens, referenceLosses }: DomainOptions, refuse: Refuse): void {
  if (evaluateEvery === undefined) refuse('domains: expected evaluateEvery beside it, the steps of a round; got none.', {});
  if (objective.kind !== 'sft' && objective.kind !== 'pretrain') refuse(`domains: expected the objective sft or pretrain, whose losses of different rows can be compared; got ${objective.kind}.`, { objective: objective.kind });
  if (packing || order === 'file') refuse(`domains: expected neither packing nor the order of the file, since every round mixes its rows; got ${packing ? 'packing' : 'order file'}.`, { packing, order });
  if (roundTokens !== undefined && accumulate !== 1) refuse(`domains.roundTokens: expected accumulate 1, because a step takes its part of the tokens in as many passes as it needs; got ${accumulate}.`, { accumulate });
  const sources = [referenceLosses, referenceFolder, referenceReportFolders].filter((each) => each !== undefined).length;
  if (sources > 1) refuse(`domains: expected one source of reference losses (referenceLosses, a reference model, or reports of trainings); got ${sources}.`, { sources });
}
