import type { RecipeStep } from '@tunesmith/contracts';
import type { StepSettings } from '../runs/step-settings.js';

/** What a fusion is made of, its references resolved. */
export interface FusePlan {
  readonly pivot: string;
  readonly sources: readonly string[];
  readonly dataset: string;
  readonly mode: 'pairwise' | 'all-in-one';
  /** Settings of each kind of step. */
  readonly represent: StepSettings;
  readonly fuse: StepSettings;
  readonly train: StepSettings;
  /** Whether training makes an adapter, which is folded into the pivot then. */
  readonly makesAdapter: boolean;
}

/** Names of the steps of one target. */
export interface TargetSteps {
  readonly fuse: string;
  readonly train: string;
  /** The step whose output `model` is the target. */
  readonly model: string;
}

/** The steps of a fusion: every model represents the dataset once, and each target is fused, trained and, where it has to be, folded. */
export function fuseSteps({ pivot, sources, dataset, mode, represent, fuse, train, makesAdapter }: FusePlan): { steps: Record<string, RecipeStep>; targets: TargetSteps[] } {
  const steps: Record<string, RecipeStep> = {};
  const add = (name: string, uses: string, needs: string[], settings: StepSettings): void => void (steps[name] = { uses, needs, with: settings });
  const made = (step: string, output: string): string => `\${{ steps.${step}.${output} }}`;
  add('represent-pivot', 'represent', [], { model: pivot, pivot, dataset, ...represent });
  const spoken = sources.map((source, index) => {
    const name = `represent-${index + 1}`;
    add(name, 'represent', [], { model: source, pivot, dataset, ...represent });
    return name;
  });
  const groups = mode === 'pairwise' ? spoken.map((name) => [name]) : [spoken];
  const targets = groups.map((group, index): TargetSteps => {
    const named = (kind: string): string => (groups.length === 1 ? kind : `${kind}-${index + 1}`);
    const target = { fuse: named('fuse'), train: named('train'), model: named(makesAdapter ? 'fold' : 'train') };
    add(target.fuse, 'fuse', ['represent-pivot', ...group], { dataset, pivot: made('represent-pivot', 'distributions'), sources: group.map((name) => made(name, 'distributions')), ...fuse });
    add(target.train, 'train', [target.fuse], { model: pivot, dataset: made(target.fuse, 'dataset'), ...train });
    if (makesAdapter) add(target.model, 'merge', [target.train], { base: pivot, adapter: made(target.train, 'adapter') });
    return target;
  });
  return { steps, targets };
}
