/**
 * What stands beside a metric TASK.METRIC of an evaluation, by name: its standard error, the same metric of the model that it is compared with, their difference on the same items (whose
 * standard error is that of pairs), the ends of its 95 % interval, how likely such a difference is between equal models, and how many items the task has.
 */
export const metricNames = {
  standardError: (name: string): string => `${name}_stderr`,
  against: (name: string): string => `${taskOf(name)}against_${name.slice(taskOf(name).length)}`,
  difference: (name: string): string => `${name}_difference`,
  low: (name: string): string => `${name}_difference_low`,
  high: (name: string): string => `${name}_difference_high`,
  pValue: (name: string): string => `${name}_difference_p`,
  items: (name: string): string => `${taskOf(name)}items`,
} as const;

/** Whether a name is a metric's own, and not one of what stands beside it. */
export function isMetricItself(name: string): boolean {
  return !/(_stderr|_difference|_difference_low|_difference_high|_difference_p)$/.test(name) && !/(^|\.)(items$|against_)/.test(name);
}

/** The part of a name before its metric, with the dot. */
function taskOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.') + 1);
}
