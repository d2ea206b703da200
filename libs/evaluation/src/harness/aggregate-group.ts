import type { FoundGroup } from '../definitions/resolve-tasks.js';
import { mean } from '../mean.js';
import type { PlannedGroup } from '../planned-task.js';

/**
 * A group's metrics: means over its tasks, by their documents or each the same, with the standard error that goes with each: the pooled one
 * (Σ (n-1) n s² / (N - k) / N, for n documents of each of k tasks, N of all), or √(Σ s²) / k.
 */
export const aggregateGroup = ({ tasks, metrics: wanted }: FoundGroup, results: Parameters<PlannedGroup['metrics']>[0]): Record<string, number> => {
  const aggregated: Record<string, number> = {};
  const own = tasks.flatMap((name) => results.get(name) ?? []);
  for (const { metric, filter_list: filters, weight_by_size: bySize } of wanted) {
    const suffixes = filters == null ? [...new Set(own.flatMap(({ metrics }) => Object.keys(metrics).filter((name) => name === metric || (name.startsWith(`${metric}-`) && !name.endsWith('_stderr'))).map((name) => name.slice(metric.length))))] : [filters].flat().map((name) => (name === 'none' ? '' : `-${name}`));
    for (const suffix of suffixes) {
      const name = `${metric}${suffix}`;
      const having = own.filter(({ metrics }) => metrics[name] !== undefined);
      if (having.length === 0) continue;
      const values = having.map(({ metrics }) => metrics[name]!);
      const sizes = having.map(({ items }) => items);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      aggregated[name] = bySize ? values.reduce((sum, value, place) => sum + value * sizes[place]!, 0) / total : mean(values);
      const errors = having.flatMap(({ metrics }) => metrics[`${name}_stderr`] ?? []);
      if (errors.length < having.length || total === having.length) continue;
      const pooled = errors.reduce((sum, error, place) => sum + (sizes[place]! - 1) * error ** 2 * sizes[place]!, 0) / (total - having.length);
      aggregated[`${name}_stderr`] = bySize ? Math.sqrt(pooled / total) : Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0)) / errors.length;
    }
  }
  return aggregated;
};
