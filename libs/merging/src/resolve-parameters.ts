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

/**
 * Refuses settings that the method does not have, settings of one model that belong to the whole weight, and settings of a base that is none of the models.
 * mergekit passes all three over in silence.
 *
 * @param own of each model; @param ofBase of bases that only differences are taken from
 * @throws MergeError `unknown-merge-parameter`
 */
export function checkSettings(method: MergeMethod, shared: readonly MergeSettings[], own: readonly MergeSettings[], ofBase: readonly MergeSettings[]): void {
  const known = Object.entries(method.parameters);
  const find = (name: string) => known.find(([parameter, { alias }]) => parameter === name || alias === name)?.[1];
  const unknown = [...shared, ...own, ...ofBase].flatMap((settings) => Object.keys(settings)).find((name) => !find(name));
  if (unknown !== undefined) {
    throw new MergeError('unknown-merge-parameter', `${method.name}: expected parameters among ${known.map(([name]) => name).join(', ') || '(none)'}; got ${unknown}. Remove or rename it.`, { method: method.name, unknown: [unknown] });
  }
  const misplaced = own.flatMap((settings) => Object.keys(settings)).find((name) => find(name)!.per === 'weight');
  if (misplaced !== undefined) {
    throw new MergeError('unknown-merge-parameter', `${method.name}.${misplaced}: expected under the parameters of the whole merge or slice; got it under those of a model. Models do not have it each.`, { method: method.name, parameter: misplaced });
  }
  const [idle] = ofBase.flatMap((settings) => Object.keys(settings));
  if (idle !== undefined) {
    throw new MergeError('unknown-merge-parameter', `${method.name}.${idle}: expected no parameters of the base, since only differences are taken from it; got ${idle} under it. Remove it there.`, { method: method.name, parameter: idle });
  }
}
