import { gateBound, type GateBound } from './gate-bound.js';
import { GateConditionError } from './gate-condition-error.js';

/**
 * The language of `gate: require`, for example `qa.exact_match >= 0.8 with 95% confidence and not (forgetting.loss_increase > 0.05)`.
 *
 *     condition  = conjunction { "or" conjunction }
 *     conjunction = negation { "and" negation }
 *     negation   = "not" negation | "(" condition ")" | comparison
 *     comparison = operand ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) operand [ "with" number "%" "confidence" ]
 *     operand    = number | metric name (letters, digits, dots, dashes, underscores)
 *
 * A comparison with confidence holds where the one-sided bound of what is compared holds it (see `gate-bound.ts`); the requirement is of that comparison alone.
 *
 * It is data from a recipe, so it is parsed here and never handed to an interpreter of something larger.
 */
export interface GateVerdict {
  readonly holds: boolean;
  /** The metrics that the condition names, with their values. */
  readonly values: Readonly<Record<string, number>>;
  /** Of the comparisons that ask for confidence, in the order of the text. */
  readonly bounds: readonly GateBound[];
}

type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';
export type Operand = { readonly number: number } | { readonly metric: string };
export interface Comparison { readonly kind: 'compare'; readonly operator: Operator; readonly left: Operand; readonly right: Operand; /** In per cent. */ readonly confidence?: number }
export type GateCondition =
  | { readonly kind: 'or' | 'and'; readonly left: GateCondition; readonly right: GateCondition }
  | { readonly kind: 'not'; readonly inner: GateCondition }
  | Comparison;

interface Token { readonly kind: 'number' | 'metric' | 'word' | 'operator' | 'bracket' | 'percent' | 'end'; readonly text: string; readonly at: number }

const tokenPatterns: readonly [Token['kind'], RegExp][] = [
  // A number ends where no name goes on: `2wiki.f1` is a name.
  ['number', /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.-])/y],
  ['word', /(?:and|or|not)(?![A-Za-z0-9_.-])/y],
  ['metric', /[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?/y],
  ['operator', /<=|>=|==|!=|<|>/y],
  ['bracket', /[()]/y],
  ['percent', /%/y],
];

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(source[at] ?? '')) at += 1;
    if (at >= source.length) return [...tokens, { kind: 'end', text: 'the end', at }];
    const token = tokenPatterns.map(([kind, pattern]): Token | undefined => {
      pattern.lastIndex = at;
      const text = pattern.exec(source)?.[0];
      return text ? { kind, text, at } : undefined;
    }).find((each) => each !== undefined);
    if (!token) throw syntaxError(source, at, `a metric name, a number, a comparison, and, or, not or a bracket`, source[at]!);
    tokens.push(token);
    at += token.text.length;
  }
}

function syntaxError(source: string, at: number, expected: string, got: string): GateConditionError {
  return new GateConditionError({
    message: `gate condition: expected ${expected} at character ${at + 1}; got "${got}" in "${source}"; write for example "qa.exact_match >= 0.8 and forgetting.loss_increase <= 0.05"`,
    code: 'gate-syntax',
    facts: { condition: source, at: at + 1 },
  });
}

/** Reads a condition. Throws GateConditionError where it is not one. */
export function parseGateCondition(source: string): GateCondition {
  const tokens = tokenize(source);
  let position = 0;
  let depth = 0;
  const peek = (): Token => tokens[position]!;
  const take = (): Token => tokens[position++]!;
  const takeIf = (text: string, kind: Token['kind']): boolean => {
    if (peek().kind !== kind || peek().text !== text) return false;
    position += 1;
    return true;
  };

  const condition = (): GateCondition => {
    let left = conjunction();
    while (takeIf('or', 'word')) left = { kind: 'or', left, right: conjunction() };
    return left;
  };
  const conjunction = (): GateCondition => {
    let left = negation();
    while (takeIf('and', 'word')) left = { kind: 'and', left, right: negation() };
    return left;
  };
  const negation = (): GateCondition => {
    depth += 1;
    if (depth > 100) throw syntaxError(source, peek().at, 'at most 100 brackets and nots inside one another', peek().text);
    try {
      if (takeIf('not', 'word')) return { kind: 'not', inner: negation() };
      if (!takeIf('(', 'bracket')) return comparison();
      const inner = condition();
      if (!takeIf(')', 'bracket')) throw syntaxError(source, peek().at, 'a closing bracket', peek().text);
      return inner;
    } finally {
      depth -= 1;
    }
  };
  const comparison = (): GateCondition => {
    const left = operand();
    const { kind, text, at } = take();
    if (kind !== 'operator') throw syntaxError(source, at, 'a comparison (<, <=, >, >=, ==, !=)', text);
    const right = operand();
    const compared: Comparison = { kind: 'compare', operator: text as Operator, left, right };
    // A name cannot follow an operand, so a metric may be called "with" all the same.
    if (takeIf('with', 'metric')) return { ...compared, confidence: confidence(compared, at) };
    if (peek().kind === 'operator') throw syntaxError(source, peek().at, 'and, or or the end (comparisons do not chain; write "a < b and b < c")', peek().text);
    return compared;
  };
  const confidence = ({ operator, left, right }: Comparison, at: number): number => {
    if (operator === '==' || operator === '!=') throw syntaxError(source, at, 'one of <, <=, >, >= where confidence is asked for', operator);
    if (!('metric' in left || 'metric' in right)) throw syntaxError(source, at, 'a metric to be sure of; two numbers are compared', operator);
    const { kind, text, at: place } = take();
    const level = Number(text);
    if (kind !== 'number' || !(level > 50 && level < 100)) throw syntaxError(source, place, 'a confidence above 50 and below 100, such as "with 95% confidence"', text);
    if (!takeIf('%', 'percent')) throw syntaxError(source, peek().at, '% after the confidence', peek().text);
    if (!takeIf('confidence', 'metric')) throw syntaxError(source, peek().at, 'the word confidence', peek().text);
    return level;
  };
  const operand = (): Operand => {
    const { kind, text, at } = take();
    if (kind === 'number') return { number: Number(text) };
    if (kind === 'metric') return { metric: text };
    throw syntaxError(source, at, 'a metric name or a number', text);
  };

  const parsed = condition();
  if (peek().kind !== 'end') throw syntaxError(source, peek().at, 'and, or or the end', peek().text);
  return parsed;
}

/** The metrics that a condition names, each once, in the order of the text. */
export function metricsOf(condition: GateCondition): string[] {
  return [...new Set(comparisonsOf(condition).flatMap(({ left, right }) => [left, right]).flatMap((operand) => ('metric' in operand ? [operand.metric] : [])))];
}

function comparisonsOf(part: GateCondition): Comparison[] {
  if (part.kind === 'compare') return [part];
  return part.kind === 'not' ? comparisonsOf(part.inner) : [...comparisonsOf(part.left), ...comparisonsOf(part.right)];
}

/** Judges `metrics` by `source`. Every name must be known and finite, also in a part that would not decide: a misspelt name must never pass. */
export function judge(source: string, metrics: Readonly<Record<string, number>>): GateVerdict {
  const condition = parseGateCondition(source);
  const named = metricsOf(condition);
  const unknown = named.filter((name) => !Number.isFinite(metrics[name]));
  if (unknown.length > 0) {
    const known = Object.keys(metrics).filter((name) => Number.isFinite(metrics[name])).sort();
    throw new GateConditionError({
      message: `gate condition: expected the names of metrics that the needed steps report as finite numbers (${known.join(', ') || 'they report none'}); got ${unknown.join(', ')}; correct the name, or add the step that reports it to needs`,
      code: 'gate-unknown-metric',
      facts: { condition: source, unknown, known },
    });
  }
  const valueOf = (operand: Operand): number => ('metric' in operand ? metrics[operand.metric]! : operand.number);
  const bounds = new Map(comparisonsOf(condition).flatMap((each) => (each.confidence === undefined ? [] : [[each, gateBound({ ...each, confidence: each.confidence }, metrics)] as const])));
  const holds = (part: GateCondition): boolean => {
    switch (part.kind) {
      case 'or': return holds(part.left) || holds(part.right);
      case 'and': return holds(part.left) && holds(part.right);
      case 'not': return !holds(part.inner);
      case 'compare': {
        const sure = bounds.get(part);
        return sure ? compare(sure.operator, sure.bound, sure.required) : compare(part.operator, valueOf(part.left), valueOf(part.right));
      }
    }
  };
  return { holds: holds(condition), values: Object.fromEntries(named.map((name) => [name, metrics[name]!])), bounds: [...bounds.values()] };
}

function compare(operator: Operator, left: number, right: number): boolean {
  switch (operator) {
    case '<': return left < right;
    case '<=': return left <= right;
    case '>': return left > right;
    case '>=': return left >= right;
    case '==': return left === right;
    case '!=': return left !== right;
  }
}

/**
 * The numbers that a gate may name: every number in the metrics of the needed steps, nested ones with dots, each also as `STEP.METRIC`.
 * A name that two steps report with different values is left out, so that only the long form works.
 */
export function gateMetrics(steps: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Record<string, number> {
  const short = new Map<string, number | undefined>();
  const long = new Map<string, number>();
  for (const [step, metrics] of Object.entries(steps)) {
    for (const [name, value] of flatten(metrics)) {
      short.set(name, short.has(name) && short.get(name) !== value ? undefined : value);
      long.set(`${step}.${name}`, value);
    }
  }
  const entries = [...long, ...short].filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

function flatten(value: unknown, prefix = ''): [string, number][] {
  if (typeof value === 'number') return [[prefix, value]];
  if (typeof value === 'boolean') return [[prefix, value ? 1 : 0]];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix ? `${prefix}.${key}` : key));
}
