import type { CausalLanguageModel } from '@tunesmith/models';
import { AdaLoraLinear, DoraLinear, isTargetedBy, Linear, LoraLinear, QuantizedLinear, type LinearLike, type Module, type TargetModules } from '@tunesmith/nn';
import type { Tensor } from '@tunesmith/tensor';
import { TrainingError } from '../training-error.js';

/** A linear with an update beside its frozen weight. */
export type AdaptedLinear = LoraLinear | DoraLinear | AdaLoraLinear;

/**
 * The linears that learn, in the model's order.
 *
 * @throws TrainingError `no-target-modules` / `unknown-target-modules` where targets name none of the model's linears.
 */
export function adaptedLinears(model: CausalLanguageModel, targetModules: TargetModules): AdaptedLinear[] {
  const paths = linearPaths(model);
  if (targetModules !== 'all-linear') {
    const unknown = targetModules.filter((target) => !paths.some((path) => isTargetedBy(path, target)));
    if (unknown.length > 0) throw unknownTargets(unknown, paths);
  }
  const adapted = [...model.modules()].filter((module) => module instanceof LoraLinear || module instanceof DoraLinear || module instanceof AdaLoraLinear);
  if (adapted.length === 0) throw new TrainingError('no-target-modules', 'train: expected the model to have linear layers to adapt; it has none.', { targetModules });
  return adapted;
}

/** What these modules learn, by full dotted path: those of their parameters that want gradients. */
export function learningParameters(model: CausalLanguageModel, learning: readonly Module[]): Map<string, Tensor> {
  const theirs = new Set(learning.flatMap((module) => [...module.parameters().values()]));
  return new Map([...model.parameters()].filter(([, parameter]) => theirs.has(parameter) && parameter.requiresGrad));
}

/**
 * Names that select these linears and no other, as PEFT reads them: last words of paths (`q_proj`) where those say it, else whole paths.
 */
export function targetNames(model: CausalLanguageModel, adapted: readonly LinearLike[]): string[] {
  const chosen = new Set(adapted.map(({ path }) => path));
  const words = [...new Set([...chosen].map(lastWord))];
  const exact = linearPaths(model).every((path) => chosen.has(path) || !words.some((word) => isTargetedBy(path, word)));
  return exact ? words : [...chosen];
}

/** Of every linear, adapted or not, quantized or not. */
function linearPaths(model: CausalLanguageModel): string[] {
  return [...model.modules()].filter((module) => module instanceof Linear || module instanceof QuantizedLinear).map(({ path }) => path);
}

function unknownTargets(unknown: readonly string[], paths: readonly string[]): TrainingError {
  const words = [...new Set(paths.map(lastWord))];
  const [first = ''] = unknown;
  const [nearest = ''] = [...words].sort((left, right) => distance(first, left) - distance(first, right));
  return new TrainingError(
    'unknown-target-modules',
    `train: expected targetModules to name linear layers of the model (${words.join(', ')}); ${unknown.join(', ')} ${unknown.length > 1 ? 'name' : 'names'} none. Try ${nearest}, or all-linear.`,
    { unknown, known: words },
  );
}

/** Of a dotted path: what names the kind of linear. */
export function lastWord(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Insertions, deletions and replacements from one word to another (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [place, other] of [...to].entries()) next.push(Math.min(row[place + 1]! + 1, next[place]! + 1, row[place]! + (letter === other ? 0 : 1)));
    row = next;
  }
  return row[to.length]!;
}
