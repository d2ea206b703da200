import type { JobMetrics } from '@tunesmith/contracts';
import { fitWidth } from '../terminal/display-width.js';
import { formatBytes, formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Format {
  readonly target: string;
  readonly bytes: number;
  readonly perplexity?: number | null;
  readonly perplexityRatio?: { readonly ratio: number; readonly low: number; readonly high: number } | null;
  readonly klDivergence?: number | null;
  readonly answers?: readonly { readonly question: string; readonly answer: string }[];
  readonly content?: { readonly fallbacks: readonly { readonly wanted: string; readonly used: string; readonly columns: number; readonly tensors: number }[] };
}

/** What a quantize step found of its files: their sizes and what they lose against the model, what they say, and what they have in place of what their names promise. */
export function describeQuantized(metrics: JobMetrics, columns: number): string[] {
  const { formats = [], base } = metrics as { formats?: readonly Format[]; base?: { readonly bytes: number; readonly perplexity: number | null } };
  const headings = ['FORMAT', 'SIZE', 'PERPLEXITY', 'AGAINST THE MODEL', '95 %', 'KL'];
  const number = (value: number | null | undefined): string => (value === null || value === undefined ? '' : formatNumber(value));
  const rows = formats.map(({ target, bytes, perplexity, perplexityRatio: ratio, klDivergence }) => [
    target, formatBytes(bytes), number(perplexity), ...(ratio ? [percent(ratio.ratio), `${percent(ratio.low)} to ${percent(ratio.high)}`] : ['', '']), number(klDivergence),
  ]);
  return [
    ...(base ? table(headings, [['the model', formatBytes(base.bytes), number(base.perplexity), '', '', ''], ...rows], headings.slice(1)) : []).map((line) => `  ${line}`),
    ...formats.flatMap(({ target, answers = [] }) => answers.map(({ question, answer }) => fitWidth(`  ${target}: ${oneLine(question)} -> ${oneLine(answer) || '(nothing)'}`, columns))),
    ...formats.flatMap(({ target, content }) => (content?.fallbacks ?? []).map(({ wanted, used, columns: width, tensors }) =>
      `  ${target}: ${tensors} ${tensors === 1 ? 'tensor' : 'tensors'} with rows of ${width} became ${used}; ${wanted} has blocks that do not divide them`)),
  ];
}

function percent(ratio: number): string {
  return `${ratio >= 1 ? '+' : '-'}${(100 * Math.abs(ratio - 1)).toFixed(1)} %`;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
