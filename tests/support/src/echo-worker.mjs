import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

// A worker module that does no domain work: it writes what it was asked into its out folders, and returns what `result.json` says, which a
// spec puts beside the inputs.
async function echo(input, { onProgress }) {
  onProgress({ phase: 'echo', done: 1, total: 1 });
  for (const folder of [input.outFolder, ...Object.values(input.outFolders ?? {})].filter(Boolean)) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'input.json'), JSON.stringify(input));
  }
  const beside = [input.modelFolder, input.base, input.merge?.base, input.merge?.models?.[0], input.leftFolder, input.datasetFolder, dirname(input.path ?? input.source ?? '/')].filter(Boolean).map((folder) => join(folder, 'result.json'));
  const found = beside.find((path) => existsSync(path));
  const { meanwhile, ...result } = found ? JSON.parse(await readFile(found, 'utf8')) : {};
  // What somebody else does while the work is done: files of this content.
  for (const [path, content] of Object.entries(meanwhile ?? {})) await writeFile(path, content);
  return result;
}

const names = [
  'train',
  'plan',
  'compareDomains',
  'merge',
  'extractAdapter',
  'mergeAdapters',
  'compressDelta',
  'restoreDelta',
  'represent',
  'fuse',
  'agree',
  'evaluate',
  'compare',
  'score',
  'chat',
  'importDataset',
  'describeDataset',
  'diffDatasets',
  'completeRows',
  'compose',
  'detect',
  'makeAssessmentForm',
  'readAssessment',
  'synthesizeInstructions',
  'synthesizeResponses',
  'synthesizeInstructionsElsewhere',
  'synthesizeResponsesElsewhere',
  'quantize',
  'importModel',
  'importTasks',
];
export default { functions: Object.fromEntries(names.map((name) => [name, echo])), cores: Object.fromEntries(names.map((name) => [name, 0])) };
