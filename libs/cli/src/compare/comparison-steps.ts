import type { RecipeStep } from '@tunesmith/contracts';
import type { StepSettings } from '../runs/step-settings.js';
import type { Comparison } from './read-comparison.js';

/** What the file refers to, as the platform understands it. */
export interface ComparisonReferences {
  readonly model: string;
  readonly dataset: string;
  /** Settings of the step that gathers the tasks that are named; absent: all are over rows of the dataset. */
  readonly importTasks?: StepSettings;
}

type Steps = Record<string, RecipeStep>;

/**
 * The steps of a comparison: the model is evaluated as it is, tuned in every way with every seed, and evaluated each time; `compare`, the last one, lays it all side by side.
 * A method that fails ends only itself. Their names are those that a recipe with a matrix would give them.
 */
export function comparisonSteps({ title, methods, seeds, tasks, evaluation, replay, metrics, baseline }: Comparison, { model, dataset, importTasks }: ComparisonReferences): { before: Steps; compare: StepSettings } {
  const before: Steps = {};
  const made = (step: string, output: string): string => `\${{ steps.${step}.${output} }}`;
  if (replay) before['replay'] = { uses: 'synthesize', needs: [], with: { ...replay, kind: 'self-replay', model, dataset } };
  if (importTasks) before['import-tasks'] = { uses: 'import-tasks', needs: [], with: importTasks };
  const rows = replay ? made('replay', 'dataset') : dataset;
  const needsRows = replay ? ['replay'] : [];
  const ofRows = tasks.filter((task) => typeof task === 'object');
  const asked: StepSettings = { ...evaluation, ...(ofRows.length > 0 && { dataset: rows, tasks: ofRows.map((task) => ({ ...task })) }), ...(importTasks && { definitions: made('import-tasks', 'tasks') }) };
  const evaluate = (label: string, needs: readonly string[], evaluated: StepSettings, mayFail: boolean): void =>
    void (before[`evaluate.${label}`] = { uses: 'evaluate', ...(mayFail && { mayFail }), needs: [...needs, ...(ofRows.length > 0 ? needsRows : []), ...(importTasks ? ['import-tasks'] : [])], with: { ...evaluated, ...asked } });

  // What fails here would fail after every tuning: it ends the run before anything is tuned.
  evaluate('untuned', [], { model }, false);
  const runs = methods.flatMap((method) => (seeds ?? [undefined]).map((seed) => ({ ...method, seed, label: seeds && seeds.length > 1 ? `${method.label}-seed${seed}` : method.label })));
  for (const { label, train, seed, makesAdapter } of runs) {
    const tune = `tune.${label}`;
    before[tune] = { uses: 'train', mayFail: true, needs: ['evaluate.untuned', ...needsRows], with: { ...train, model, dataset: rows, ...(seed !== undefined && { seed }) } };
    evaluate(label, [tune], makesAdapter ? { model, adapter: made(tune, 'adapter') } : { model: made(tune, 'model') }, true);
  }
  const labels = runs.map(({ label }) => label);
  const compare: StepSettings = {
    title, labels: ['untuned', ...labels], evaluations: ['untuned', ...labels].map((label) => made(`evaluate.${label}`, 'evaluation')),
    reports: [null, ...labels.map((label) => made(`tune.${label}`, 'report'))], errors: [null, ...labels.map((label) => made(`evaluate.${label}`, 'error'))],
    ...(metrics && { metrics }), ...(baseline !== undefined && { baseline }),
  };
  return { before, compare };
}
