import type { MergeScalar, MergeSettings } from './merge-configuration.js';
import { MergeError } from './merge-error.js';
import type { MergeMethod } from './merge-method.js';
import { resolveSetting } from './resolve-setting.js';

/** Where the settings of one weight stand. */
export interface SettingsOfWeight {
  /** The weight's name in the result. */
  readonly name: string;
  /** How far down its slice it lies, 0 to 1. */
  readonly t: number;
  /** For the whole weight, the nearest first: the slice's, then the configuration's. */
  readonly shared: readonly MergeSettings[];
  /** Of each model that is merged: the weight's name there, and settings of its own, which come before the shared ones. */
  readonly models: readonly { readonly tensor: string; readonly own: MergeSettings }[];
}

/** The parameters of one weight, as `MergeParameters` takes them: what nobody set is left out. */
export function resolveParameters(method: MergeMethod, { name, t, shared, models }: SettingsOfWeight): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [parameter, { per, kind, alias }] of Object.entries(method.parameters)) {
    const names = alias === undefined ? [parameter] : [parameter, alias];
    const find = (tensor: string, scopes: readonly MergeSettings[]): MergeScalar | undefined => {
      for (const scope of scopes) {
        for (const written of names) {
          const setting = scope[written];
          const value = setting === undefined ? undefined : resolveSetting(setting, kind, tensor, t);
          if (value !== undefined) return value;
        }
      }
      return undefined;
    };
    const value = per === 'weight' ? find(name, shared) : models.map(({ tensor, own }) => find(tensor, [own, ...shared]));
    if (Array.isArray(value) ? value.some((each) => each !== undefined) : value !== undefined) values[parameter] = value;
  }
  return values;
}

/** Where settings stand. */
export interface WrittenSettings {
  /** Of the configuration and its slices. */
  readonly shared: readonly MergeSettings[];
  /** Of each model. */
  readonly own: readonly MergeSettings[];
  /** Of bases that only differences are taken from. */
  readonly ofBase: readonly MergeSettings[];
}

/**
 * Refuses settings that no method has (misspelt ones), and settings of one model that belong to the whole weight. What the method makes nothing of, as published configurations often hold it
 * and mergekit passes over in silence, comes back in words: settings of other methods, and those of a base that is none of the models.
 *
 * @throws MergeError `unknown-merge-parameter`
 */
export function checkSettings(method: MergeMethod, methods: readonly MergeMethod[], { shared, own, ofBase }: WrittenSettings): string[] {
  const find = ({ parameters }: MergeMethod, name: string) => Object.entries(parameters).find(([parameter, { alias }]) => parameter === name || alias === name)?.[1];
  const namesOf = (scopes: readonly MergeSettings[]): string[] => [...new Set(scopes.flatMap((settings) => Object.keys(settings)))];
  const written = namesOf([...shared, ...own, ...ofBase]);
  const unknown = written.find((name) => methods.every((each) => !find(each, name)));
  if (unknown !== undefined) {
    throw new MergeError('unknown-merge-parameter', `${method.name}: expected parameters among ${Object.keys(method.parameters).join(', ') || '(none)'}; got ${unknown}. Remove or rename it.`, { method: method.name, unknown: [unknown] });
  }
  const misplaced = namesOf(own).find((name) => find(method, name)?.per === 'weight');
  if (misplaced !== undefined) {
    throw new MergeError('unknown-merge-parameter', `${method.name}.${misplaced}: expected under the parameters of the whole merge or slice; got it under those of a model. Models do not have it each.`, { method: method.name, parameter: misplaced });
  }
  const foreign = written.filter((name) => !find(method, name));
  const idle = namesOf(ofBase).filter((name) => find(method, name));
  return [
    ...(foreign.length > 0 ? [`${method.name} has no ${foreign.join(', ')}: passed over, as mergekit does. It has ${Object.keys(method.parameters).join(', ') || 'no parameters'}.`] : []),
    ...(idle.length > 0 ? [`${idle.join(', ')} under the base: passed over, as mergekit does, since ${method.name} takes only differences from it.`] : []),
  ];
}
