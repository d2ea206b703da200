import { isTrueThat, negated, operate } from './arithmetic.js';
import { Bound } from './bind.js';
import { applyFilter, Group } from './filters.js';
import { JinjaError } from './jinja-error.js';
import { methodOf, type Surroundings } from './methods.js';
import type { Expression, GivenArguments, Parameter, Statement, Target } from './parser.js';
import { findTest, tests } from './tests.js';
import { Attributes, Callable, defined, Float, isEqual, isTrue, itemsOf, keyOf, kindOf, Namespace, numberOf, pythonText, Range, textOf, Tuple, Undefined, type CallArguments } from './values.js';

export interface Limits {
  /** Characters of any text that is made. */
  readonly characters: number;
  /** Items of any list that is made. */
  readonly items: number;
  /** Parts of the template evaluated, loops counted each time. */
  readonly steps: number;
}

/** Names and their values; what is set in a loop or a macro is forgotten at its end. */
class Scope {
  readonly #names = new Map<string, unknown>();

  constructor(private readonly outer?: Scope) {}

  get(name: string): unknown {
    if (this.#names.has(name)) return this.#names.get(name);
    return this.outer ? this.outer.get(name) : new Undefined(name);
  }

  set(name: string, value: unknown): void {
    this.#names.set(name, value);
  }
}

/**
 * Runs the statements of a template over names and their values, as Jinja2 does with `StrictUndefined`. Our own, because a prompt that differs by a letter is another score: of the templates that
 * tests/parity/make-jinja-fixture.py has Jinja2 render, @huggingface/jinja (which chat templates are rendered by) writes 141 of 396 alike, minijinja-js with its Python mode 199.
 */
export class Interpreter {
  readonly #globals = new Scope();
  readonly #surroundings: Surroundings = { charge: (size) => this.charge(size), get: (value, key) => this.item(value, key, true) };
  #steps = 0;

  constructor(names: ReadonlyMap<string, unknown>, private readonly limits: Limits) {
    for (const [name, value] of globals(limits)) this.#globals.set(name, value);
    for (const [name, value] of names) this.#globals.set(name, value);
  }

  render(body: readonly Statement[]): string {
    return this.run(body, new Scope(this.#globals));
  }

  value(expression: Expression): unknown {
    return defined(this.evaluate(expression, new Scope(this.#globals)));
  }

  private run(body: readonly Statement[], scope: Scope): string {
    let text = '';
    for (const statement of body) {
      text += this.perform(statement, scope);
      if (text.length > this.limits.characters) throw exceeded('characters', this.limits.characters);
    }
    return text;
  }

  private perform(statement: Statement, scope: Scope): string {
    this.step();
    switch (statement.type) {
      case 'data':
        return statement.text;
      case 'output':
        return pythonText(this.evaluate(statement.value, scope));
      case 'if': {
        const found = statement.cases.find(({ test }) => test === undefined || isTrue(this.evaluate(test, scope)));
        return found ? this.run(found.body, scope) : '';
      }
      case 'for':
        return this.loop(statement, this.evaluate(statement.of, scope), scope, 1);
      case 'set':
        this.assign(statement.target, this.evaluate(statement.value, scope), scope);
        return '';
      case 'set-block': {
        const text = this.run(statement.body, new Scope(scope));
        this.assign(statement.target, statement.filter ? this.filtered(statement.filter, text, scope) : text, scope);
        return '';
      }
      case 'with': {
        const inner = new Scope(scope);
        for (const { target, value } of statement.values) this.assign(target, this.evaluate(value, scope), inner);
        return this.run(statement.body, inner);
      }
      case 'filter-block':
        return pythonText(this.filtered(statement.filter, this.run(statement.body, new Scope(scope)), scope));
      case 'macro':
        scope.set(statement.name, this.macro(statement.name, statement.parameters, statement.body, scope));
        return '';
      case 'call-block': {
        const caller = this.macro('caller', statement.parameters, statement.body, scope);
        return pythonText(this.evaluate(statement.call, scope, caller));
      }
    }
  }

  private loop(statement: Extract<Statement, { type: 'for' }>, over: unknown, outer: Scope, depth: number): string {
    const { target, where, body, otherwise } = statement;
    const items = itemsOf(defined(over)).filter((item) => {
      if (!where) return true;
      const inner = new Scope(outer);
      this.assign(target, item, inner);
      return isTrue(this.evaluate(where, inner));
    });
    if (items.length === 0) return this.run(otherwise, outer);
    let text = '';
    let before: { readonly values: readonly unknown[] } | undefined;
    items.forEach((item, place) => {
      const inner = new Scope(outer);
      this.assign(target, item, inner);
      const own: Readonly<Record<string, () => unknown>> = {
        index: () => place + 1,
        index0: () => place,
        revindex: () => items.length - place,
        revindex0: () => items.length - place - 1,
        first: () => place === 0,
        last: () => place === items.length - 1,
        length: () => items.length,
        depth: () => depth,
        depth0: () => depth - 1,
        previtem: () => (place === 0 ? new Undefined('the item before the first') : items[place - 1]),
        nextitem: () => (place === items.length - 1 ? new Undefined('the item after the last') : items[place + 1]),
        cycle: () => new Callable('cycle', ({ positional }) => positional[place % positional.length]),
        changed: () => new Callable('changed', ({ positional }) => {
          const changed = before === undefined || !isEqual(new Tuple(before.values), new Tuple(positional));
          before = { values: positional };
          return changed;
        }),
      };
      const again = statement.recursive ? ({ positional }: CallArguments) => this.loop(statement, positional[0], outer, depth + 1) : undefined;
      inner.set('loop', new Attributes((name) => (Object.hasOwn(own, name) ? own[name]!() : undefined), again));
      text += this.run(body, inner);
      if (text.length > this.limits.characters) throw exceeded('characters', this.limits.characters);
    });
    return text;
  }

  private macro(name: string, parameters: readonly Parameter[], body: readonly Statement[], scope: Scope): Callable {
    return new Callable(name, ({ positional, named }) => {
      const inner = new Scope(scope);
      const names = parameters.map((parameter) => parameter.name);
      const caller = named.get('caller');
      const bound = new Bound(name, names, { positional, named: new Map([...named].filter(([key]) => key !== 'caller')) });
      for (const { name: parameter, usual } of parameters) inner.set(parameter, bound.has(parameter) ? bound.get(parameter) : usual ? this.evaluate(usual, inner) : new Undefined(parameter));
      if (caller !== undefined) inner.set('caller', caller);
      return this.run(body, inner);
    });
  }

  private assign(target: Target, value: unknown, scope: Scope): void {
    if (target.type === 'name') return scope.set(target.name, value);
    if (target.type === 'attribute') {
      const holder = scope.get(target.of);
      if (!(holder instanceof Namespace)) throw new JinjaError(`attributes can be set of a namespace(…) only; ${target.of} is ${kindOf(holder)}`);
      holder.values.set(target.name, value);
      return;
    }
    const items = itemsOf(defined(value));
    if (items.length !== target.items.length) throw new JinjaError(`expected ${target.items.length} values to set; got ${items.length}`);
    target.items.forEach((each, place) => this.assign(each, items[place], scope));
  }

  /** The filters of a `{% filter %}` over a text. */
  private filtered(expression: Expression, text: string, scope: Scope): unknown {
    if (expression.type !== 'filter') throw new JinjaError('expected a filter');
    const { of, name, given } = expression;
    return applyFilter(name, of === undefined ? text : this.filtered(of, text, scope), this.given(given, scope), this.#surroundings);
  }

  /** `caller`: what a macro that is called right here may call. */
  private evaluate(expression: Expression, scope: Scope, caller?: Callable): unknown {
    this.step();
    const value = this.evaluated(expression, scope, caller);
    if (typeof value === 'string' && value.length > this.limits.characters) throw exceeded('characters', this.limits.characters);
    if (Array.isArray(value) && value.length > this.limits.items) throw exceeded('items', this.limits.items);
    return value;
  }

  private evaluated(expression: Expression, scope: Scope, caller?: Callable): unknown {
    const evaluate = (each: Expression): unknown => this.evaluate(each, scope);
    switch (expression.type) {
      case 'constant':
        return expression.value;
      case 'name':
        return scope.get(expression.name);
      case 'list':
        return expression.items.map((item) => evaluate(item));
      case 'tuple':
        return new Tuple(expression.items.map((item) => evaluate(item)));
      case 'dictionary':
        return new Map(expression.pairs.map(([key, value]) => [keyOf(evaluate(key)), evaluate(value)]));
      case 'attribute':
        return this.attribute(evaluate(expression.of), expression.name);
      case 'item':
        return expression.key.type === 'slice' ? this.slice(evaluate(expression.of), expression.key, scope) : this.item(evaluate(expression.of), defined(evaluate(expression.key)), false);
      case 'slice':
        throw new JinjaError('a slice stands in brackets behind a list or a text');
      case 'call': {
        const given = this.given(expression.given, scope);
        return this.call(evaluate(expression.of), caller ? { ...given, named: new Map([...given.named, ['caller', caller]]) } : given);
      }
      case 'filter':
        return applyFilter(expression.name, evaluate(expression.of!), this.given(expression.given, scope), this.#surroundings);
      case 'test': {
        const value = evaluate(expression.of);
        const { positional } = this.given(expression.given, scope);
        const result = expression.name === 'filter' ? isFilter(value) : expression.name === 'test' ? Object.hasOwn(tests, textOf(value)) : findTest(expression.name)(value, ...positional);
        return result !== expression.negated;
      }
      case 'unary': {
        const value = evaluate(expression.of);
        return expression.operator === 'not' ? !isTrue(value) : negated(value, expression.operator === '-' ? -1 : 1);
      }
      case 'binary': {
        const left = evaluate(expression.left);
        if (expression.operator === 'and') return isTrue(left) ? evaluate(expression.right) : left;
        if (expression.operator === 'or') return isTrue(left) ? left : evaluate(expression.right);
        return operate(expression.operator, left, evaluate(expression.right), (size) => this.charge(size));
      }
      case 'concatenation':
        return expression.items.map((item) => pythonText(evaluate(item))).join('');
      case 'comparison': {
        let left = evaluate(expression.first);
        return expression.rest.every(({ operator, right: written }) => {
          const right = evaluate(written);
          const result = isTrueThat(operator, left, right);
          left = right;
          return result;
        });
      }
      case 'condition':
        if (isTrue(evaluate(expression.test))) return evaluate(expression.then);
        // Jinja2 writes nothing here, also where names must be defined.
        return expression.otherwise ? evaluate(expression.otherwise) : '';
    }
  }

  private given({ positional, named, namedSpread }: GivenArguments, scope: Scope): CallArguments {
    const spread = namedSpread ? (this.evaluate(namedSpread, scope) as Map<string, unknown>) : new Map<string, unknown>();
    return {
      positional: positional.flatMap(({ value, spread: several }) => (several ? itemsOf(this.evaluate(value, scope)) : [this.evaluate(value, scope)])),
      named: new Map([...named.map(({ name, value }) => [name, this.evaluate(value, scope)] as const), ...spread]),
    };
  }

  private call(called: unknown, given: CallArguments): unknown {
    if (called instanceof Callable) return called.call(given);
    if (called instanceof Attributes && called.call) return called.call(given);
    defined(called);
    throw new JinjaError(`${kindOf(called)} cannot be called`);
  }

  /** `value.name`: a method or an attribute, else what a dictionary has under the name. */
  private attribute(value: unknown, name: string): unknown {
    defined(value);
    if (value instanceof Attributes) return value.get(name) ?? new Undefined(name);
    if (value instanceof Namespace) return value.values.has(name) ? value.values.get(name) : new Undefined(name);
    if (value instanceof Group && (name === 'grouper' || name === 'list')) return value[name];
    const method = methodOf(value, name, this.#surroundings);
    if (method) return new Callable(name, method);
    return value instanceof Map && value.has(name) ? value.get(name) : new Undefined(name);
  }

  /** `value[key]`; `attributes`: a text may be the name of a method too, as filters take it. */
  private item(value: unknown, key: unknown, attributes: boolean): unknown {
    defined(value);
    if (value instanceof Map && !(typeof key === 'object' && key !== null && !(key instanceof Float) && !(key instanceof Tuple)) && value.has(keyOf(key))) return value.get(keyOf(key));
    const place = key instanceof Float ? undefined : numberOf(key);
    if (place !== undefined && !(value instanceof Map)) {
      const items = typeof value === 'string' || Array.isArray(value) || value instanceof Tuple || value instanceof Range ? itemsOf(value) : undefined;
      const found = items?.at(place);
      if (items && place < items.length && place >= -items.length) return found;
      return new Undefined(items ? `item ${place} of ${items.length}` : 'the item');
    }
    if (typeof key === 'string') return attributes || !(value instanceof Map) ? this.attribute(value, key) : new Undefined(key);
    return new Undefined('the item');
  }

  private slice(value: unknown, { start, stop, step }: Extract<Expression, { type: 'slice' }>, scope: Scope): unknown {
    defined(value);
    const bound = (part: Expression | undefined): number | undefined => {
      const given = part === undefined ? null : defined(this.evaluate(part, scope));
      if (given === null) return undefined;
      const number = given instanceof Float ? undefined : numberOf(given);
      if (number === undefined || !Number.isInteger(number)) throw new JinjaError(`a slice takes whole numbers; got ${kindOf(given)}`);
      return number;
    };
    const [from, to, by = 1] = [bound(start), bound(stop), bound(step)];
    if (by === 0) throw new JinjaError('the step of a slice cannot be zero');
    if (value instanceof Map) throw new JinjaError('a dictionary has no slices');
    const items = itemsOf(value);
    const clamp = (place: number, low: number, high: number): number => Math.min(Math.max(place < 0 ? place + items.length : place, low), high);
    const [first, last] = by > 0 ? [clamp(from ?? 0, 0, items.length), clamp(to ?? items.length, 0, items.length)] : [from === undefined ? items.length - 1 : clamp(from, -1, items.length - 1), to === undefined ? -1 : clamp(to, -1, items.length - 1)];
    const found: unknown[] = [];
    for (let place = first; by > 0 ? place < last : place > last; place += by) found.push(items[place]);
    if (typeof value === 'string') return found.join('');
    return value instanceof Tuple ? new Tuple(found) : found;
  }

  private step(): void {
    this.#steps += 1;
    if (this.#steps > this.limits.steps) throw exceeded('steps', this.limits.steps);
  }

  private charge(size: number): void {
    if (size > this.limits.characters) throw exceeded('characters', this.limits.characters);
  }
}

function isFilter(name: unknown): boolean {
  try {
    applyFilter(textOf(name), '', { positional: [], named: new Map() }, { charge: () => undefined, get: () => undefined });
    return true;
  } catch (error) {
    return !(error instanceof JinjaError && error.message.startsWith('there is no filter'));
  }
}

function globals({ items }: Limits): Map<string, unknown> {
  const named = (name: string, call: (given: CallArguments) => unknown): [string, Callable] => [name, new Callable(name, call)];
  return new Map<string, unknown>([
    named('range', ({ positional }) => {
      const numbers = positional.map((each) => (Number.isInteger(each) ? (each as number) : Number.NaN));
      const [first = Number.NaN, second, step = 1] = numbers;
      const range = second === undefined ? new Range(0, first, 1) : new Range(first, second, step);
      if (!Number.isFinite(range.length)) throw new JinjaError('range() needs whole numbers and a step that is not zero');
      if (range.length > items) throw exceeded('items', items);
      return range;
    }),
    named('dict', ({ positional, named: given }) => new Map([...(positional[0] instanceof Map ? (positional[0] as Map<unknown, unknown>) : itemsOf(positional[0] ?? []).map((pair) => itemsOf(pair) as [unknown, unknown])), ...given])),
    named('namespace', ({ positional, named: given }) => new Namespace(new Map([...((positional[0] ?? new Map()) as Map<string, unknown>), ...given]))),
    named('joiner', ({ positional }) => {
      let used = false;
      return new Callable('joiner', () => (used ? (positional[0] ?? ', ') : ((used = true), '')));
    }),
    named('cycler', ({ positional }) => {
      let place = 0;
      const own: Readonly<Record<string, () => unknown>> = {
        next: () => new Callable('next', () => positional[place++ % positional.length]),
        current: () => positional[place % positional.length],
        reset: () => new Callable('reset', () => ((place = 0), null)),
      };
      return new Attributes((name) => (Object.hasOwn(own, name) ? own[name]!() : undefined));
    }),
  ]);
}

function exceeded(what: keyof Limits, limit: number): JinjaError {
  return new JinjaError(`it exceeds ${limit} ${what}`);
}

