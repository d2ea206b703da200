import type { EvaluationResults, GroupResult } from './evaluation-results.js';

/** results.json: everything but the single items. */
export function resultsJson({ dtype, judge, tasks, groups }: EvaluationResults): string {
  const figures = ({ items, metrics, comparisons }: GroupResult) => ({ items, metrics, ...(Object.keys(comparisons).length > 0 && { comparisons }) });
  const results = {
    dtype,
    ...(judge !== undefined && { judge }),
    tasks: Object.fromEntries(tasks.map((result) => [result.name, { ...result.task.about, ...figures(result), ...(result.remarks.length > 0 && { remarks: result.remarks }) }])),
    ...(groups.length > 0 && { groups: Object.fromEntries(groups.map((group) => [group.name, figures(group)])) }),
  };
  return `${JSON.stringify(results, null, 2)}\n`;
}
