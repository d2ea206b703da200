import { formatPercent } from './format.js';
import { JinjaError } from './jinja-error.js';
import { Tuple, compare, contains, float, isEqual, isFloat, kindOf, numberOf, defined } from './values.js';

/** What Python makes of two values and an operator; `charge` hears how long a text or list becomes before it is made. @throws JinjaError */
export function operate(operator: string, left: unknown, right: unknown, charge: (size: number) => void): unknown {
  defined(left);
  defined(right);
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right;
    if (Array.isArray(left) && Array.isArray(right)) return [...(left as unknown[]), ...(right as unknown[])];
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  }
  if (operator === '*') {
    for (const [all, times] of [[left, right], [right, left]] as const) {
      const count = isFloat(times) ? undefined : numberOf(times);
      if (count === undefined) continue;
      if (typeof all === 'string') {
        charge(all.length * Math.max(0, count));
        return all.repeat(Math.max(0, count));
      }
      if (!Array.isArray(all) && !(all instanceof Tuple)) continue;
      const items: readonly unknown[] = Array.isArray(all) ? all : all.items;
      charge(items.length * Math.max(0, count));
      const repeated = Array.from({ length: Math.max(0, count) }, () => items).flat();
      return Array.isArray(all) ? repeated : new Tuple(repeated);
    }
  }
  if (operator === '%' && typeof left === 'string') return formatPercent(left, right);
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one === undefined || other === undefined) {
    const hint = operator === '+' && (typeof left === 'string' || typeof right === 'string') ? '; use ~, or the filter string' : '';
    throw new JinjaError(`${operator} does not go between ${kindOf(left)} and ${kindOf(right)}${hint}`);
  }
  return isFloat(left) || isFloat(right) || operator === '/' || (operator === '**' && other < 0) ? float(ofNumbers(operator, one, other)) : ofWholeNumbers(operator, left, right, charge);
}

function ofNumbers(operator: string, one: number, other: number): number {
  if (other === 0 && (operator === '/' || operator === '//' || operator === '%')) throw new JinjaError('division by zero');
  switch (operator) {
    case '+': return one + other;
    case '-': return one - other;
    case '*': return one * other;
    case '/': return one / other;
    case '//': return Math.floor(one / other);
    case '%': return one - Math.floor(one / other) * other;
    default: return one ** other;
  }
}

function ofWholeNumbers(operator: string, left: unknown, right: unknown, charge: (size: number) => void): unknown {
  const quick = ofNumbers(operator, numberOf(left)!, numberOf(right)!);
  if (typeof left !== 'bigint' && typeof right !== 'bigint' && Number.isSafeInteger(quick)) return quick === 0 ? 0 : quick;
  const [one, other] = [BigInt(left as number), BigInt(right as number)];
  if (operator === '**') charge(Number(other) * Math.log2(Math.abs(Number(one)) + 2));
  const remainder = operator === '%' || operator === '//' ? ((one % other) + other) % other : 0n;
  const exact = operator === '+' ? one + other : operator === '-' ? one - other : operator === '*' ? one * other : operator === '**' ? one ** other : operator === '%' ? remainder : (one - remainder) / other;
  return exact >= BigInt(Number.MIN_SAFE_INTEGER) && exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}

export function negated(value: unknown, sign: 1 | -1): unknown {
  const number = numberOf(defined(value));
  if (number === undefined) throw new JinjaError(`${sign === 1 ? '+' : '-'} does not go before ${kindOf(value)}`);
  if (isFloat(value)) return float(sign * number);
  return typeof value === 'bigint' ? BigInt(sign) * value : number === 0 ? 0 : sign * number;
}

export function isTrueThat(operator: string, left: unknown, right: unknown): boolean {
  switch (operator) {
    case '==': return isEqual(left, right);
    case '!=': return !isEqual(left, right);
    case '<': return compare(left, right) < 0;
    case '<=': return compare(left, right) <= 0;
    case '>': return compare(left, right) > 0;
    case '>=': return compare(left, right) >= 0;
    case 'in': return contains(defined(right), left);
    default: return !contains(defined(right), left);
  }
}
