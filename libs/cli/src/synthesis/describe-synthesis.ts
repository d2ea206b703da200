import type { JobMetrics } from '@tunesmith/contracts';
import { formatNumber } from '../terminal/format.js';

interface Told {
  readonly rows: number;
  readonly wanted: number;
  readonly teacher: string;
  readonly stoppedBy: string;
  readonly filters: readonly { readonly stage: string; readonly filter: string; readonly dropped: number }[];
  readonly usage: { readonly teacher: { readonly promptTokens: number; readonly newTokens: number; readonly cost: number } };
  readonly instructions?: { readonly requests: number; readonly items: number; readonly unclosed: number; readonly kept: number };
}

/** A synthesis by a teacher in a few lines; undefined for another job's metrics. */
export function describeSynthesis(metrics: JobMetrics): string[] | undefined {
  if (!isTold(metrics)) return undefined;
  const { rows, wanted, teacher, stoppedBy, filters, usage, instructions } = metrics;
  const dropped = filters.filter((each) => each.dropped > 0).map(({ stage, filter, dropped: count }) => `${count} ${stage} ${filter}`);
  const cost = usage.teacher.cost > 0 ? `, ${formatNumber(usage.teacher.cost)} spent` : '';
  return [
    `  rows: ${rows}${rows < wanted ? ` of ${wanted} wanted: ${stoppedBy === 'spending-cap' ? 'the spending cap was reached' : stoppedBy === 'requests' ? 'the requests were used up' : 'the rest was left out'}` : ''}`,
    ...(instructions ? [`  instructions: ${instructions.kept} of ${instructions.items} items from ${instructions.requests} requests${instructions.unclosed > 0 ? `; ${instructions.unclosed} items not closed` : ''}`] : []),
    `  left out: ${dropped.join(', ') || 'nothing'}`,
    `  teacher: ${teacher}, ${formatNumber(usage.teacher.promptTokens)} tokens read, ${formatNumber(usage.teacher.newTokens)} written${cost}`,
  ];
}

function isTold(metrics: JobMetrics): metrics is JobMetrics & Told {
  return typeof metrics['teacher'] === 'string' && Array.isArray(metrics['filters']) && typeof metrics['usage'] === 'object';
}
