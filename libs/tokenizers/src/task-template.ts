import { BoundedInterpreter, boundedRange, constants, LibraryEnvironment, parseTemplate, runWithin, templateLimits, type Program, type TemplateEnvironment, type TemplateLimits, type TemplateValue } from './bounded-jinja.js';
import { ChatTemplateError, TaskTemplateError } from './errors.js';
import { listMethods, textMethods } from './python-methods.js';
import { pythonText } from './python-text.js';

/**
 * A Jinja template over the fields of a document, as evaluation tasks have them: rendered like Jinja2 in Python with `StrictUndefined`,
 * `keep_trailing_newline` and the filter `regex_replace`. A field that there is none of is an error, not an empty text.
 */
export class TaskTemplate {
  private readonly program: Program & { readonly body?: readonly Program[] };

  /** @throws TaskTemplateError `task-template-syntax` */
  constructor(
    readonly source: string,
    private readonly limits: TemplateLimits = templateLimits,
  ) {
    try {
      // The library drops one line break at the end, as Jinja2 does unless told otherwise.
      this.program = parseTemplate(withPythonEscapes(source.endsWith('\n') ? `${source}\n` : source), { blanks: 'kept' });
    } catch (cause) {
      throw new TaskTemplateError({ code: 'task-template-syntax', message: `the template ${shown(source)} cannot be parsed: ${reasonOf(cause)}`, facts: { template: source }, cause });
    }
  }

  /** @throws TaskTemplateError `task-template-failed`, with the reason. */
  render(fields: Readonly<Record<string, unknown>>): string {
    return this.run(fields, (interpreter) => String(interpreter.run(this.program).value));
  }

  /** What the template stands for: of a single `{{ expression }}` its value (a list stays a list), else the text. @throws as `render`. */
  value(fields: Readonly<Record<string, unknown>>): unknown {
    const [only, ...others] = this.program.body ?? [];
    if (!only || others.length > 0 || only.type === 'StringLiteral' || statements.has(only.type)) return this.render(fields);
    return this.run(fields, (interpreter, environment) => plain(interpreter.evaluate(only, environment)));
  }

  private run<Result>(fields: Readonly<Record<string, unknown>>, work: (interpreter: TaskInterpreter, environment: TemplateEnvironment) => Result): Result {
    try {
      return runWithin(this.limits.milliseconds, () => {
        const environment = new LibraryEnvironment();
        for (const [name, value] of Object.entries({ ...constants, range: boundedRange(this.limits.items), ...fields })) environment.set(name, value);
        return work(new TaskInterpreter(environment, this.limits), environment);
      });
    } catch (cause) {
      throw new TaskTemplateError({ code: 'task-template-failed', message: `the template ${shown(this.source)} cannot be rendered: ${reasonOf(cause)}`, facts: { template: this.source }, cause });
    }
  }
}

/** Nodes that write what is inside of them, or nothing. */
const statements: ReadonlySet<string> = new Set(['Set', 'If', 'For', 'Macro', 'CallStatement', 'FilterStatement', 'Comment', 'Break', 'Continue']);

interface Node {
  readonly type: string;
  readonly value?: unknown;
}
interface FilterNode extends Node {
  readonly operand?: unknown;
  readonly filter: Node & { readonly callee?: Node; readonly args?: readonly unknown[] };
}

/** What differs between the library, made for chat templates, and Jinja2. */
class TaskInterpreter extends BoundedInterpreter {
  /** Above zero where a name may be missing: inside of `is defined` and of the filter `default`. */
  private lenient = 0;

  override evaluate(statement: unknown, environment: TemplateEnvironment): TemplateValue {
    if (statement instanceof Evaluated) return statement.result;
    return super.evaluate(statement, environment);
  }

  override evaluateBlock(nodes: readonly Node[], environment: TemplateEnvironment): TemplateValue {
    let text = '';
    for (const node of nodes) {
      const value = this.evaluate(node, environment);
      if (!statements.has(node.type)) text += pythonText(this.defined(value, 'the expression'));
      else if (value.type === 'StringValue') text += String(value.value);
    }
    return wrap(text);
  }

  override evaluateIdentifier(node: Node, environment: TemplateEnvironment): TemplateValue {
    return this.defined(super.evaluateIdentifier(node, environment), String(node.value));
  }

  override evaluateMemberExpression(node: { object: unknown; property: Node; computed: boolean }, environment: TemplateEnvironment): TemplateValue {
    const object = this.evaluate(node.object, environment);
    const name = !node.computed && node.property.type === 'Identifier' ? String(node.property.value) : undefined;
    const methods = object.type === 'StringValue' ? textMethods : object.type === 'ArrayValue' || object.type === 'TupleValue' ? listMethods : {};
    const method = name !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method) return wrap((...args: unknown[]) => method(object, args.map(wrap)));
    return this.defined(super.evaluateMemberExpression({ ...node, object: new Evaluated(object) }, environment), name ?? 'the item');
  }

  override evaluateTestExpression(node: Node, environment: TemplateEnvironment): TemplateValue {
    return this.leniently(() => super.evaluateTestExpression(node, environment));
  }

  override evaluateFilterExpression(node: FilterNode, environment: TemplateEnvironment): TemplateValue {
    const name = filterName(node.filter);
    const isDefault = name === 'default' || name === 'd';
    const operand = isDefault ? this.leniently(() => this.evaluate(node.operand, environment)) : this.evaluate(node.operand, environment);
    return this.applyFilter(operand, node.filter, environment);
  }

  override applyFilter(operand: TemplateValue, filter: FilterNode['filter'], environment: TemplateEnvironment): TemplateValue {
    const name = filterName(filter);
    const own = Object.hasOwn(filters, name) ? filters[name] : undefined;
    if (!own) return super.applyFilter(operand, filter, environment);
    const [args, named] = filter.args ? super.evaluateArguments(filter.args, environment) : [[], new Map<string, TemplateValue>()];
    return own(operand, args, named);
  }

  override evaluateBinaryExpression(node: { operator: { value: string }; left: unknown; right: unknown }, environment: TemplateEnvironment): TemplateValue {
    const { value: operator } = node.operator;
    if (operator === 'and' || operator === 'or') return super.evaluateBinaryExpression(node, environment);
    const [left, right] = [this.evaluate(node.left, environment), this.evaluate(node.right, environment)];
    if (operator === '~') return wrap(pythonText(left) + pythonText(right));
    if (operator === '*' && left.type === 'StringValue' && right.type === 'IntegerValue') return wrap(String(left.value).repeat(Math.max(0, Number(right.value))));
    if (operator === '==' || operator === '!=') return wrap(same(left, right) === (operator === '=='));
    if (operator === '+' && (left.type === 'StringValue') !== (right.type === 'StringValue')) throw new Error('+ joins a text with a text only; use ~, or the filter string');
    return super.evaluateBinaryExpression({ ...node, left: new Evaluated(left), right: new Evaluated(right) }, environment);
  }

  private leniently<Result>(work: () => Result): Result {
    this.lenient += 1;
    try {
      return work();
    } finally {
      this.lenient -= 1;
    }
  }

  private defined(value: TemplateValue, what: string): TemplateValue {
    if (value.type !== 'UndefinedValue' || this.lenient > 0) return value;
    throw new Error(`${what} is not defined`);
  }
}

/** Stands in the place of a node that was evaluated already. */
class Evaluated {
  readonly type = 'Evaluated';
  constructor(readonly result: TemplateValue) {}
}

type Filter = (operand: TemplateValue, args: readonly TemplateValue[], named: ReadonlyMap<string, TemplateValue>) => TemplateValue;

const list = (value: TemplateValue): TemplateValue[] => {
  if (value.type === 'ArrayValue' || value.type === 'TupleValue') return value.value as TemplateValue[];
  if (value.type === 'StringValue') return [...(value.value as string)].map(wrap);
  if (value.type === 'ObjectValue') return [...(value.value as Map<string, TemplateValue>).keys()].map(wrap);
  throw new Error(`expected a list; got ${pythonText(value)}`);
};
const numbers = (value: TemplateValue): number[] => list(value).map((item) => Number(item.value));
const attributeOf = (item: TemplateValue, path: string): TemplateValue => path.split('.').reduce((value, key) => wrap((plain(value) as Record<string, unknown> | null)?.[key]), item);

/** Filters of Jinja2 that the library has not, or has otherwise, and `regex_replace` of lm-evaluation-harness. */
const filters: Readonly<Record<string, Filter>> = {
  trim: (operand, [set]) => wrap(textMethods['strip']!(operand, set ? [set] : [])),
  capitalize: (operand) => wrap(textMethods['capitalize']!(operand, [])),
  string: (operand) => wrap(pythonText(operand)),
  list: (operand) => wrap(list(operand)),
  first: (operand) => list(operand)[0] ?? wrap(undefined),
  last: (operand) => list(operand).at(-1) ?? wrap(undefined),
  length: (operand) => wrap(operand.type === 'ObjectValue' ? (operand.value as Map<string, unknown>).size : list(operand).length),
  count: (operand) => wrap(list(operand).length),
  join: (operand, [separator], named) => {
    const attribute = named.get('attribute');
    const parts = attribute ? list(operand).map((item) => attributeOf(item, String(attribute.value))) : list(operand);
    return wrap(parts.map(pythonText).join(String((separator ?? named.get('d'))?.value ?? '')));
  },
  sum: (operand) => wrap(numbers(operand).reduce((total, each) => total + each, 0)),
  min: (operand) => list(operand)[numbers(operand).indexOf(Math.min(...numbers(operand)))] ?? wrap(undefined),
  max: (operand) => list(operand)[numbers(operand).indexOf(Math.max(...numbers(operand)))] ?? wrap(undefined),
  round: (operand, [digits]) => wrap(Number(Number(operand.value).toFixed(Number(digits?.value ?? 0)))),
  wordcount: (operand) => wrap(pythonText(operand).split(/\s+/).filter(Boolean).length),
  map(operand, [filter, ...args], named) {
    const attribute = named.get('attribute');
    if (attribute) return wrap(list(operand).map((item) => attributeOf(item, String(attribute.value))));
    const name = String(filter?.value);
    const method = filters[name] ?? (Object.hasOwn(textFilters, name) ? textFilters[name] : undefined);
    if (!method) throw new Error(`map knows no filter "${name}"`);
    return wrap(list(operand).map((item) => method(item, args, new Map())));
  },
  regex_replace(operand, args, named) {
    const [pattern, replacement] = [args[0] ?? named.get('pattern'), args[1] ?? named.get('repl')];
    const most = Number((args[2] ?? named.get('count'))?.value ?? 0);
    let done = 0;
    const expression = new RegExp(String(pattern?.value), 'gu');
    const written = String(replacement?.value).replace(/\$/g, '$$$$').replace(/\\(\d)/g, '$$$1');
    if (most === 0) return wrap(String(operand.value).replace(expression, written));
    return wrap(String(operand.value).replace(expression, (whole: string) => ((done += 1) <= most ? whole.replace(new RegExp(expression.source, 'u'), written) : whole)));
  },
};

const textFilters: Readonly<Record<string, Filter>> = {
  upper: (operand) => wrap(String(operand.value).toUpperCase()),
  lower: (operand) => wrap(String(operand.value).toLowerCase()),
  int: (operand) => wrap(Math.trunc(Number(operand.value)) || 0),
};

function filterName(filter: FilterNode['filter']): string {
  return String(filter.callee ? filter.callee.value : filter.value);
}

function same(left: TemplateValue, right: TemplateValue): boolean {
  const [one, other] = [plain(left), plain(right)];
  if (typeof one === 'object' && typeof other === 'object' && one && other) return pythonText(left) === pythonText(right);
  return typeof one === typeof other || one === null || other === null ? one === other : Number(one) === Number(other) && typeof one !== 'string' && typeof other !== 'string';
}

/** A JavaScript value as one of the library's; what is one already, also inside of lists, stays as it is. */
function wrap(value: unknown): TemplateValue {
  if (isTemplateValue(value)) return value;
  if (Array.isArray(value)) {
    const wrapped = new LibraryEnvironment().set('value', []);
    (wrapped.value as TemplateValue[]).push(...value.map(wrap));
    return wrapped;
  }
  return new LibraryEnvironment().set('value', value);
}

function isTemplateValue(value: unknown): value is TemplateValue {
  return typeof value === 'object' && value !== null && 'type' in value && 'value' in value && '__bool__' in value;
}

function plain({ value }: TemplateValue): unknown {
  if (Array.isArray(value)) return (value as TemplateValue[]).map(plain);
  if (value instanceof Map) return Object.fromEntries([...(value as Map<string, TemplateValue>)].map(([key, item]) => [key, plain(item)]));
  return value;
}

/** A backslash that begins no escape stays in a text, as in Python; the library would refuse it. Patterns are written so: '\\[.*?\\]'. */
function withPythonEscapes(source: string): string {
  return source.replace(/\{\{[^]*?\}\}|\{%[^]*?%\}/g, (code) => code.replace(/(["'])(?:\\[^]|(?!\1)[^\\])*\1/g, (text) => text.replace(/\\([^])/g, (escape, character: string) => ('nrtbfv\'"\\'.includes(character) ? escape : `\\${escape}`))));
}

function shown(source: string): string {
  return JSON.stringify(source.length > 80 ? `${source.slice(0, 77)}…` : source);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof ChatTemplateError) return cause.code === 'chat-template-limit' ? `it exceeds ${String(cause.facts['limit'])} ${String(cause.facts['what'])}` : reasonOf(cause.cause);
  return cause instanceof Error ? cause.message : String(cause);
}
