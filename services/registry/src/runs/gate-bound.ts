import { metricNames } from '@tunesmith/contracts';
import type { Comparison, Operand } from './gate-condition.js';
import { GateConditionError } from './gate-condition-error.js';
import { studentQuantile } from './student-quantile.js';

/** What is sure about one comparison of a gate that asks for confidence. */
export interface GateBound {
  /** The metric, or `ONE - OTHER`. */
  readonly of: string;
  readonly operator: Comparison['operator'];
  readonly required: number;
  /** In per cent. */
  readonly confidence: number;
  readonly estimate: number;
  readonly standardError: number;
  readonly items: number;
  /** What the true value is at least (at most, for < and <=) with that confidence. */
  readonly bound: number;
  /** How many more items would show it, were the estimate to stay; null where the estimate itself is on the wrong side; 0 where it is shown. */
  readonly moreItems: number | null;
}

type Metrics = Readonly<Record<string, number>>;
interface Quantity { readonly of: string; readonly estimate: number; readonly standardError: number; readonly items: number }

const mirrored = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' } as const;

/**
 * The one-sided bound of a comparison, by Student's t with one degree of freedom less than items. A metric against the same of the model that it was compared with is taken by its pairs, two
 * others as independent. Where every item is right, or every one wrong, so that there is no spread, the bound is that of the binomial distribution.
 * @throws GateConditionError `gate-without-error` where the needed steps report no standard error or no number of items.
 */
export function gateBound(comparison: Comparison & { readonly confidence: number }, metrics: Metrics): GateBound {
  const swapped = !('metric' in comparison.left);
  const [left, right] = swapped ? [comparison.right, comparison.left] : [comparison.left, comparison.right];
  const operator = swapped ? mirrored[comparison.operator] : comparison.operator;
  const quantity = quantityOf(left, right, metrics);
  const required = 'number' in right ? right.number : 0;
  const { estimate, standardError, items } = quantity;
  const atLeast = operator === '>' || operator === '>=';
  const chance = 1 - comparison.confidence / 100;
  const gap = atLeast ? estimate - required : required - estimate;
  const boundAt = (count: number): number => {
    if (standardError === 0 && 'number' in right && estimate === (atLeast ? 1 : 0)) return atLeast ? chance ** (1 / count) : 1 - chance ** (1 / count);
    const reach = standardError === 0 ? 0 : studentQuantile(1 - chance, count - 1) * standardError * Math.sqrt(items / count);
    return atLeast ? estimate - reach : estimate + reach;
  };
  const shown = (count: number): boolean => (atLeast ? boundAt(count) >= required : boundAt(count) <= required);
  return { ...quantity, operator, required, confidence: comparison.confidence, bound: boundAt(items), moreItems: shown(items) ? 0 : gap > 0 ? leastItems(items, shown) - items : null };
}

/** The bound comes as near to the estimate as one likes with enough items. */
function leastItems(items: number, shown: (count: number) => boolean): number {
  let [low, high] = [items, 2 * items];
  while (!shown(high) && high < Number.MAX_SAFE_INTEGER / 2) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (shown(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function quantityOf(left: Operand, right: Operand, metrics: Metrics): Quantity {
  const name = (left as { metric: string }).metric;
  if (!('metric' in right)) return { of: name, estimate: metrics[name]!, standardError: numberAt(metricNames.standardError(name), name, metrics), items: itemsOf(name, metrics) };
  const of = `${name} - ${right.metric}`;
  for (const [own, other, sign] of [[name, right.metric, 1], [right.metric, name, -1]] as const) {
    const difference = metricNames.difference(own);
    if (other === metricNames.against(own) && difference in metrics) return { of, estimate: sign * metrics[difference]!, standardError: numberAt(metricNames.standardError(difference), difference, metrics), items: itemsOf(own, metrics) };
  }
  const errors = [name, right.metric].map((each) => numberAt(metricNames.standardError(each), each, metrics));
  return { of, estimate: metrics[name]! - metrics[right.metric]!, standardError: Math.hypot(...errors), items: Math.min(itemsOf(name, metrics), itemsOf(right.metric, metrics)) };
}

/** A difference has the items of its metric: the name of the task is the same. */
function itemsOf(metric: string, metrics: Metrics): number {
  const items = numberAt(metricNames.items(metric), metric, metrics);
  if (Number.isInteger(items) && items >= 2) return items;
  throw new GateConditionError({ message: `gate condition: expected at least 2 items to be sure of ${metric}; got ${items}; evaluate more of them, or leave out "with …% confidence"`, code: 'gate-without-error', facts: { metric, items } });
}

function numberAt(name: string, metric: string, metrics: Metrics): number {
  const value = metrics[name];
  if (value !== undefined && Number.isFinite(value)) return value;
  throw new GateConditionError({
    message: `gate condition: expected ${name} among the metrics of the needed steps, to be sure of ${metric}; got none; take a metric of an evaluation of several items, or leave out "with …% confidence"`,
    code: 'gate-without-error',
    facts: { metric, missing: name },
  });
}
