import type { ConditionalSetting, MergeScalar, MergeSetting, MergeValue } from './merge-configuration.js';
import type { MergeParameter } from './merge-method.js';

/**
 * What a setting of that kind says for one tensor at depth `t` (0 at the first layer of its slice, 1 at the last): numbers of a gradient are interpolated, other
 * values are taken from the place that is reached. -> undefined where no filter fits. As mergekit 0.1.5 resolves it (config.py).
 */
export function resolveSetting(setting: MergeSetting, kind: MergeParameter['kind'], tensor: string, t: number): MergeScalar | undefined {
  const conditions = conditionsOf(setting);
  if (!conditions) return resolveValue(setting as MergeValue, kind, t);
  const found = conditions.find(({ filter }) => filter === undefined || filter === null || filter === '*' || tensor.includes(filter));
  return found && resolveValue(found.value, kind, t);
}

function conditionsOf(setting: MergeSetting): readonly ConditionalSetting[] | undefined {
  if (typeof setting !== 'object') return undefined;
  if (!Array.isArray(setting)) return [setting as ConditionalSetting];
  const list = setting as readonly (MergeScalar | ConditionalSetting)[];
  return list.length > 0 && list.every((each) => typeof each === 'object') ? list : undefined;
}

function resolveValue(value: MergeValue, kind: MergeParameter['kind'], t: number): MergeScalar | undefined {
  const read = { number: asNumber, flag: asFlag, choice: (each: MergeScalar) => each }[kind];
  if (typeof value !== 'object') return read(value);
  const values = value.map(read);
  const numbers = values.filter((each) => typeof each === 'number');
  const scaled = t * (values.length - 1);
  const before = Math.trunc(scaled);
  if (numbers.length < values.length) return values[before];
  const after = Math.min(values.length - 1, before + 1);
  const share = scaled - before;
  return (1 - share) * numbers[before]! + share * numbers[after]!;
}

/** YAML readers differ in whether `1e-3` is a number; nobody means a text by it. */
function asNumber(value: MergeScalar): MergeScalar {
  return typeof value === 'string' && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value) ? Number(value) : value;
}

/** Python's YAML reads `yes` and `on` as flags, and mergekit takes 1 and 0 for them. */
function asFlag(value: MergeScalar): MergeScalar {
  const text = String(value).toLowerCase();
  return ['1', 'true', 'yes', 'on'].includes(text) ? true : ['0', 'false', 'no', 'off'].includes(text) ? false : value;
}
