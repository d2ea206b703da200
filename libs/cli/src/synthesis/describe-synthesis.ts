import type { JobMetrics } from '@tunesmith/contracts';
import { formatNumber } from '../terminal/format.js';

interface Usage {
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly cost: number;
}

interface Told {
  readonly rows: number;
  readonly wanted: number;
  readonly teacher: string;
  readonly stoppedBy: string;
  readonly filters: readonly { readonly stage: string; readonly filter: string; readonly dropped: number }[];
  readonly usage: { readonly teacher: Usage; readonly judge?: Usage };
  readonly judge?: { readonly model: string };
  readonly instructions?: { readonly requests: number; readonly items: number; readonly unclosed: number; readonly kept: number };
}

/** A synthesis by a teacher in a few lines; undefined for another job's metrics. */
export function describeSynthesis(metrics: JobMetrics): string[] | undefined {
  if (!isTold(metrics)) return undefined;
  const { rows, wanted, teacher, stoppedBy, filters, usage, instructions, judge } = metrics;
  const dropped = filters.filter((each) => each.dropped > 0).map(({ stage, filter, dropped: count }) => `${count} ${stage} ${filter}`);
  return [
    `  rows: ${rows}${rows < wanted ? ` of ${wanted} wanted: ${stoppedBy === 'spending-cap' ? 'the spending cap was reached' : stoppedBy === 'requests' ? 'the requests were used up' : 'the rest was left out'}` : ''}`,
    ...(instructions ? [`  instructions: ${instructions.kept} of ${instructions.items} items from ${instructions.requests} requests${instructions.unclosed > 0 ? `; ${instructions.unclosed} items not closed` : ''}`] : []),
    `  left out: ${dropped.join(', ') || 'nothing'}`,
    account('teacher', teacher, usage.teacher),
    ...(judge && usage.judge ? [account('judge', judge.model, usage.judge)] : []),
  ];
}

function account(who: string, name: string, { promptTokens, newTokens, cost }: Usage): string {
  return `  ${who}: ${name}, ${formatNumber(promptTokens)} tokens read, ${formatNumber(newTokens)} written${cost > 0 ? `, ${formatNumber(cost)} spent` : ''}`;
}

function isTold(metrics: JobMetrics): metrics is JobMetrics & Told {
  return typeof metrics['teacher'] === 'string' && Array.isArray(metrics['filters']) && typeof metrics['usage'] === 'object';
}
