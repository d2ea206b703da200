import { agree } from './agree.js';
import { assess } from './assess.js';
import { chat } from './chat.js';
import { compare } from './compare.js';
import { compareDomains } from './compare-domains.js';
import { compose } from './compose.js';
import { compressDelta } from './compress-delta.js';
import { diffDatasets } from './diff-datasets.js';
import { detect } from './detect.js';
import { evaluate } from './evaluate.js';
import { extractAdapter } from './extract-adapter.js';
import { fuse } from './fuse.js';
import { gate } from './gate.js';
import { importDataset } from './import-dataset.js';
import { importFiles } from './import-files.js';
import { importModel } from './import-model.js';
import { importTasks } from './import-tasks.js';
import { merge } from './merge.js';
import { mergeAdapters } from './merge-adapters.js';
import { promote } from './promote.js';
import { quantize } from './quantize.js';
import { reportDataset } from './report-dataset.js';
import { represent } from './represent.js';
import { restoreDelta } from './restore-delta.js';
import { score } from './score.js';
import type { StepKind } from './step-kind.js';
import { synthesize } from './synthesize.js';
import { train } from './train.js';

/** Every word that may stand after `uses:`. */
export const stepKinds: readonly StepKind[] = [
  importModel,
  importDataset,
  importFiles,
  importTasks,
  reportDataset,
  diffDatasets,
  synthesize,
  detect,
  compose,
  train,
  compareDomains,
  represent,
  fuse,
  agree,
  merge,
  extractAdapter,
  mergeAdapters,
  compressDelta,
  restoreDelta,
  evaluate,
  compare,
  gate,
  quantize,
  promote,
  assess,
  score,
  chat,
];

export function findStepKind(name: string): StepKind | undefined {
  return stepKinds.find((kind) => kind.name === name);
}
