import type { ItemScore } from '../planned-task.js';
import type { EvaluationResults, TaskResult } from './evaluation-results.js';
import { ownMetrics } from './own-metrics.js';

/** One metric by domain: by the subjects of a group, the tags of rows, or what documents of a task say that they are about. */
export interface DomainScores {
  readonly title: string;
  readonly domains: readonly { readonly name: string; readonly value: number; readonly error: number | null; readonly against: number | null }[];
}

/** More tell nothing apart. */
const mostDomains = 100;

/** Everything that can be looked at by domain: wherever there are two of them at least. */
export function domainScores({ tasks, groups }: EvaluationResults): DomainScores[] {
  const ofGroups = groups.flatMap(({ name, metrics, members }) =>
    ownMetrics(metrics).map((metric) => ({ title: `${name}: ${metric} by task`, domains: byTask(tasks.filter((task) => members.includes(task.name)), metric, ({ name: own }) => own) })));
  const kinds = [...new Set(tasks.flatMap(({ task: { about } }) => (typeof about['tag'] === 'string' ? [String(about['kind'])] : [])))];
  const ofTags = kinds.map((kind) => {
    const own = tasks.filter(({ task: { about } }) => about['kind'] === kind && typeof about['tag'] === 'string');
    const metric = Object.keys(own[0]!.metrics)[0]!;
    return { title: `${metric} by tag`, domains: byTask(own, metric, ({ task }) => String(task.about['tag'])) };
  });
  return [...ofGroups, ...ofTags, ...tasks.flatMap(byDocument)].filter(({ domains }) => domains.length >= 2 && domains.length <= mostDomains);
}

function byTask(tasks: readonly TaskResult[], metric: string, nameOf: (task: TaskResult) => string): DomainScores['domains'] {
  return tasks.flatMap((task) => {
    const value = task.metrics[metric];
    return value === undefined ? [] : [{ name: nameOf(task), value, error: task.metrics[`${metric}_stderr`] ?? null, against: task.metrics[`against_${metric}`] ?? null }];
  });
}

/** The metrics of a task for each domain that its documents name. */
function byDocument({ name, task, scores, against }: TaskResult): DomainScores[] {
  const places = new Map<string, number[]>();
  for (const [place, { domain }] of task.items.entries()) if (domain !== undefined) places.set(domain, [...(places.get(domain) ?? []), place]);
  if (places.size < 2 || places.size > mostDomains) return [];
  const of = (all: readonly ItemScore[], own: readonly number[]) => task.columns(own.map((place) => all[place]!));
  const parts = [...places].map(([domain, own]) => ({ domain, columns: of(scores, own), others: against && of(against, own) }));
  return parts[0]!.columns.map(({ name: metric }) => ({
    title: `${name}: ${metric} by subject`,
    domains: parts.flatMap(({ domain, columns, others }) => {
      const [column, other] = [columns, others].map((all) => all?.find((each) => each.name === metric));
      if (!column) return [];
      return [{ name: domain, value: column.aggregation.aggregate(column.values), error: column.aggregation.standardError?.(column.values) ?? null, against: other ? other.aggregation.aggregate(other.values) : null }];
    }),
  }));
}
