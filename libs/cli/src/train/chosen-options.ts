import { UsageError } from '../errors.js';
import type { StepSettings } from '../runs/step-settings.js';

/** One choice of an option such as `--method`: what it means, and which further options belong to it. */
export interface Choice {
  /** Settings that the choice stands for, its `kind` among them. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Key of an option as commander names it -> the setting that it gives. */
  readonly takes: Readonly<Record<string, string>>;
}

export interface Choices {
  /** The option that chooses, such as `--method`. */
  readonly option: string;
  readonly choices: Readonly<Record<string, Choice>>;
  /** Key of an option as commander names it -> how it is typed. */
  readonly flags: Readonly<Record<string, string>>;
}

/** The settings of the choice with the options that were given; undefined where nothing was. Throws UsageError for an option of another choice. */
export function chosenSettings({ option, choices, flags }: Choices, name: string | undefined, options: Readonly<Record<string, unknown>>, fallback: string): StepSettings | undefined {
  const choice = choices[name ?? fallback]!;
  const given = Object.keys(flags).filter((key) => options[key] !== undefined);
  const foreign = given.filter((key) => !(key in choice.takes));
  if (foreign.length > 0) {
    const owners = Object.keys(choices).filter((each) => foreign.every((key) => key in choices[each]!.takes));
    const typed = name === undefined ? `without ${option}` : `${option} ${name}`;
    const one = foreign.length === 1;
    throw new UsageError(
      `${typed}: expected none of ${foreign.map((key) => flags[key]).join(', ')}, which ${one ? 'belongs' : 'belong'} to ${owners.length > 0 ? owners.join(', ') : 'other choices'}`,
      owners.slice(0, 2).map((owner) => `${option} ${owner}`),
    );
  }
  if (name === undefined && given.length === 0) return undefined;
  const values = Object.fromEntries(given.map((key) => [choice.takes[key]!, options[key]]));
  return { ...choice.settings, ...values } as StepSettings;
}

/** Which option each setting of the choice came from, so that a wrong value is told by the option. */
export function flagsBySetting({ choices, flags }: Choices, name: string | undefined, fallback: string): Record<string, string> {
  return Object.fromEntries(Object.entries(choices[name ?? fallback]!.takes).map(([key, setting]) => [setting, flags[key]!]));
}
