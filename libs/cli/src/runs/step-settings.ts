import type { RecipeStep } from '@tunesmith/contracts';
import { UsageError } from '../errors.js';

/** The `with` of a step: JSON. */
export type StepSettings = RecipeStep['with'];

/** One value of a step's `with`, and the option that it came from. */
export interface Setting {
  readonly option: string;
  /** Where the value is an object made of several options: which option each key came from; of parts within parts by their path, such as `schedule.sigma`. */
  readonly options?: Readonly<Record<string, string>>;
  readonly value: StepSettings[string] | undefined;
}

/**
 * Checks settings against the step kind's own schema, so that a wrong value is told before anything starts, and leaves
 * out those that were not given: their defaults are the schema's.
 */
export async function stepSettings(kindName: string, settings: Readonly<Record<string, Setting>>): Promise<StepSettings> {
  // The schema library takes longer to load than everything else: help and wrong use do without it.
  const { findStepKind, issueMessage, settingsOf } = await import('@tunesmith/contracts');
  const kind = findStepKind(kindName);
  const shape = kind && settingsOf(kind, Object.fromEntries(Object.entries(settings).map(([key, { value }]) => [key, value])));
  if (!shape) throw new Error(`expected a step kind with named settings; got "${kindName}"`);
  const checked: StepSettings = {};
  const problems: string[] = [];
  for (const [key, { option, options, value }] of Object.entries(settings)) {
    if (value === undefined) continue;
    const schema = shape[key];
    if (!schema) throw new Error(`${kindName} has no setting "${key}"`);
    const result = schema.safeParse(value);
    if (result.success) checked[key] = value;
    else problems.push(...result.error.issues.map((issue) => `${optionOf(issue.path, options) ?? option}: ${issueMessage(issue, value)}`));
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return checked;
}

/** The option of the innermost part that has one. */
function optionOf(path: readonly PropertyKey[], options: Setting['options'] = {}): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const option = options[path.slice(0, length).join('.')];
    if (option !== undefined) return option;
  }
  return undefined;
}
