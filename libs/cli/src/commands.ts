import type { CommandEntry } from './command.js';

/** What the first word of two stands for. */
export const groups: Readonly<Record<string, string>> = {
  model: 'models, versions and aliases',
  dataset: 'datasets',
  recipe: 'what happens when a dataset arrives',
  run: 'what happens now, and what has happened',
};

/** Every command, in the order of the help. A command is its line here and its file. */
export const commands: readonly CommandEntry[] = [
  { words: 'model import', summary: 'validate a model from outside and register it', load: async () => (await import('./commands/model-import.js')).modelImport },
  { words: 'model list', summary: 'list the registered models', load: async () => (await import('./commands/model-list.js')).modelList },
  { words: 'model show', summary: 'show the versions and aliases of a model', load: async () => (await import('./commands/model-show.js')).modelShow },
  { words: 'model history', summary: 'show what an alias pointed at, and when', load: async () => (await import('./commands/model-history.js')).modelHistory },
  { words: 'model promote', summary: 'point an alias at a version', load: async () => (await import('./commands/model-promote.js')).modelPromote },
  { words: 'model export', summary: 'copy the files of a model or another artifact into a folder', load: async () => (await import('./commands/model-export.js')).modelExport },
  { words: 'model lineage', summary: 'show what an artifact was made of and what was made of it', load: async () => (await import('./commands/model-lineage.js')).modelLineage },
  { words: 'dataset push', summary: 'validate a dataset and register a new version, which starts the recipes that wait for it', load: async () => (await import('./commands/dataset-push.js')).datasetPush },
  { words: 'dataset list', summary: 'list the registered datasets', load: async () => (await import('./commands/dataset-list.js')).datasetList },
  { words: 'dataset show', summary: 'show a dataset and its validation report', load: async () => (await import('./commands/dataset-show.js')).datasetShow },
  { words: 'dataset report', summary: 'describe a dataset, also under the tokenizer of a model', load: async () => (await import('./commands/dataset-report.js')).datasetReport },
  { words: 'dataset diff', summary: 'say which rows two datasets share, and which changed', load: async () => (await import('./commands/dataset-diff.js')).datasetDiff },
  { words: 'dataset synthesize', summary: 'make a dataset of what a model says: answers to open rows, or a teacher\'s instructions with answers', load: async () => (await import('./commands/dataset-synthesize.js')).datasetSynthesize },
  { words: 'dataset detect', summary: 'find out which domains a model knows', load: async () => (await import('./commands/dataset-detect.js')).datasetDetect },
  { words: 'dataset compose', summary: 'make a dataset whose rows come from domains by weight', load: async () => (await import('./commands/dataset-compose.js')).datasetCompose },
  { words: 'train', summary: 'tune a model on a dataset', load: async () => (await import('./commands/train.js')).train },
  { words: 'fuse', summary: 'fuse the knowledge of other models into one, whatever their vocabularies', load: async () => (await import('./commands/fuse.js')).fuse },
  { words: 'merge', summary: 'make one model of a base and an adapter, or of several models', load: async () => (await import('./commands/merge.js')).merge },
  { words: 'evaluate', summary: 'score a model on tasks', load: async () => (await import('./commands/evaluate.js')).evaluate },
  { words: 'quantize', summary: 'write smaller files that llama.cpp and ONNX Runtime load', load: async () => (await import('./commands/quantize.js')).quantize },
  { words: 'recipe apply', summary: 'store a recipe; from then on its trigger is armed', load: async () => (await import('./commands/recipe-apply.js')).recipeApply },
  { words: 'recipe list', summary: 'list the applied recipes', load: async () => (await import('./commands/recipe-list.js')).recipeList },
  { words: 'recipe show', summary: 'show a recipe', load: async () => (await import('./commands/recipe-show.js')).recipeShow },
  { words: 'run start', summary: 'start a run of a recipe', load: async () => (await import('./commands/run-start.js')).runStart },
  { words: 'run list', summary: 'list runs, the latest first', load: async () => (await import('./commands/run-list.js')).runList },
  { words: 'run show', summary: 'show a run and its steps', load: async () => (await import('./commands/run-show.js')).runShow },
  { words: 'run watch', summary: 'watch a run live until it has ended', load: async () => (await import('./commands/run-watch.js')).runWatch },
  { words: 'run cancel', summary: 'cancel a run', load: async () => (await import('./commands/run-cancel.js')).runCancel },
  { words: 'run resume', summary: 'go on with a failed or cancelled run from the step that did not succeed', load: async () => (await import('./commands/run-resume.js')).runResume },
  { words: 'chat', summary: 'talk to a model', load: async () => (await import('./commands/chat.js')).chat },
  { words: 'score', summary: 'log-probabilities of texts, token by token', load: async () => (await import('./commands/score.js')).score },
  { words: 'trace', summary: 'draw where the time of a run went', load: async () => (await import('./commands/trace.js')).trace },
  { words: 'up', summary: 'run the platform in the foreground', load: async () => (await import('./commands/up.js')).up },
  { words: 'down', summary: 'stop the platform', load: async () => (await import('./commands/down.js')).down },
  { words: 'status', summary: 'say whether a platform runs, and where', load: async () => (await import('./commands/status.js')).status },
  { words: 'doctor', summary: 'say what is missing and the command that mends it', load: async () => (await import('./commands/doctor.js')).doctor },
];
