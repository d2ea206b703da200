import { JinjaError } from './jinja-error.js';
import { tokenize, type Token } from './lexer.js';
import { Float } from './values.js';

export type Expression =
  | { readonly type: 'constant'; readonly value: unknown }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly type: 'dictionary'; readonly pairs: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly type: 'item'; readonly of: Expression; readonly key: Expression }
  | { readonly type: 'slice'; readonly start?: Expression | undefined; readonly stop?: Expression | undefined; readonly step?: Expression | undefined }
  | { readonly type: 'call'; readonly of: Expression; readonly given: GivenArguments }
  | { readonly type: 'filter'; readonly of?: Expression; readonly name: string; readonly given: GivenArguments }
  | { readonly type: 'test'; readonly of: Expression; readonly name: string; readonly given: GivenArguments; readonly negated: boolean }
  | { readonly type: 'unary'; readonly operator: '-' | '+' | 'not'; readonly of: Expression }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'concatenation'; readonly items: readonly Expression[] }
  | { readonly type: 'comparison'; readonly first: Expression; readonly rest: readonly { readonly operator: string; readonly right: Expression }[] }
  | { readonly type: 'condition'; readonly test: Expression; readonly then: Expression; readonly otherwise?: Expression };

export interface GivenArguments {
  /** `spread`: written with a star. */
  readonly positional: readonly { readonly value: Expression; readonly spread: boolean }[];
  readonly named: readonly { readonly name: string; readonly value: Expression }[];
  readonly namedSpread?: Expression;
}

export type Target = { readonly type: 'name'; readonly name: string } | { readonly type: 'attribute'; readonly of: string; readonly name: string } | { readonly type: 'several'; readonly items: readonly Target[] };

export interface Parameter {
  readonly name: string;
  readonly usual?: Expression;
}

export type Statement =
  | { readonly type: 'data'; readonly text: string }
  | { readonly type: 'output'; readonly value: Expression }
  | { readonly type: 'if'; readonly cases: readonly { readonly test?: Expression; readonly body: readonly Statement[] }[] }
  | { readonly type: 'for'; readonly target: Target; readonly of: Expression; readonly where?: Expression; readonly recursive: boolean; readonly body: readonly Statement[]; readonly otherwise: readonly Statement[] }
  | { readonly type: 'set'; readonly target: Target; readonly value: Expression }
  | { readonly type: 'set-block'; readonly target: Target; readonly filter?: Expression; readonly body: readonly Statement[] }
  | { readonly type: 'with'; readonly values: readonly { readonly target: Target; readonly value: Expression }[]; readonly body: readonly Statement[] }
  | { readonly type: 'filter-block'; readonly filter: Expression; readonly body: readonly Statement[] }
  | { readonly type: 'macro'; readonly name: string; readonly parameters: readonly Parameter[]; readonly body: readonly Statement[] }
  | { readonly type: 'call-block'; readonly call: Expression; readonly parameters: readonly Parameter[]; readonly body: readonly Statement[] };

/** The statements of a template (Jinja2 3.1, without what reads other templates). @throws JinjaError */
export function parse(source: string): readonly Statement[] {
  return new Parser(tokenize(source)).template();
}

const constants: Readonly<Record<string, unknown>> = { true: true, True: true, false: false, False: false, none: null, None: null };
const notAnArgument = new Set(['else', 'or', 'and', 'is', 'not', 'if', 'in']);

class Parser {
  #at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  template(): readonly Statement[] {
    const body = this.body([]);
    if (this.#at < this.tokens.length) throw new JinjaError('a block ends that was not begun');
    return body;
  }

  /** Statements up to the block whose first word is one of `ends`; the word is not taken. */
  private body(ends: readonly string[]): Statement[] {
    const found: Statement[] = [];
    while (this.#at < this.tokens.length) {
      const token = this.tokens[this.#at]!;
      if (token.type === 'data') {
        found.push({ type: 'data', text: token.text });
        this.#at += 1;
      } else if (token.type === 'begin' && token.of === 'variable') {
        this.#at += 1;
        found.push({ type: 'output', value: this.tuple() });
        this.end('variable');
      } else {
        const word = this.tokens[this.#at + 1];
        if (word?.type === 'name' && ends.includes(word.text)) return found;
        this.#at += 1;
        found.push(this.statement());
      }
    }
    if (ends.length > 0) throw new JinjaError(`a block is not closed; expected ${ends.map((word) => `{% ${word} %}`).join(' or ')}`);
    return found;
  }

  /** Takes `{% WORD` and says which word it was. */
  private endWord(): string {
    this.#at += 1;
    return this.name();
  }

  private statement(): Statement {
    const word = this.name();
    const make = Object.hasOwn(this.#statements, word) ? this.#statements[word] : undefined;
    if (!make) throw new JinjaError(word.startsWith('end') || word.startsWith('el') ? `{% ${word} %} closes or goes on with nothing` : `unknown tag {% ${word} %}; there are ${Object.keys(this.#statements).join(', ')}`);
    return make();
  }

  readonly #statements: Readonly<Record<string, () => Statement>> = {
    if: () => {
      const cases: { test?: Expression; body: readonly Statement[] }[] = [];
      for (let word = 'if'; word !== 'endif'; word = this.endWord()) {
        const test = word === 'else' ? undefined : this.tuple(false);
        this.end('block');
        cases.push({ ...(test && { test }), body: this.body(word === 'else' ? ['endif'] : ['elif', 'else', 'endif']) });
      }
      this.end('block');
      return { type: 'if', cases };
    },
    for: () => {
      const target = this.target();
      this.word('in');
      const of = this.tuple(false);
      const where = this.skip('name', 'if') ? this.expression() : undefined;
      const recursive = this.skip('name', 'recursive');
      this.end('block');
      const body = this.body(['else', 'endfor']);
      let otherwise: readonly Statement[] = [];
      if (this.endWord() === 'else') {
        this.end('block');
        otherwise = this.body(['endfor']);
        this.endWord();
      }
      this.end('block');
      return { type: 'for', target, of, ...(where && { where }), recursive, body, otherwise };
    },
    set: () => {
      const target = this.target();
      if (this.skip('operator', '=')) {
        const value = this.tuple();
        this.end('block');
        return { type: 'set', target, value };
      }
      const filter = this.is('operator', '|') ? this.filters(undefined) : undefined;
      return { type: 'set-block', target, ...(filter && { filter }), body: this.block('endset') };
    },
    with: () => {
      const values: { target: Target; value: Expression }[] = [];
      while (!this.is('end')) {
        if (values.length > 0) this.operator(',');
        const target = this.target();
        this.operator('=');
        values.push({ target, value: this.expression() });
      }
      return { type: 'with', values, body: this.block('endwith') };
    },
    filter: () => ({ type: 'filter-block', filter: this.filters(undefined, true), body: this.block('endfilter') }),
    macro: () => {
      const name = this.name();
      return { type: 'macro', name, parameters: this.parameters(), body: this.block('endmacro') };
    },
    call: () => {
      const parameters = this.is('operator', '(') ? this.parameters() : [];
      const call = this.expression();
      if (call.type !== 'call') throw new JinjaError('{% call %} expects the call of a macro');
      return { type: 'call-block', call, parameters, body: this.block('endcall') };
    },
  };

  /** The rest of an opening tag, and what stands up to the closing one. */
  private block(close: string): readonly Statement[] {
    this.end('block');
    const body = this.body([close]);
    this.endWord();
    this.end('block');
    return body;
  }

  private parameters(): Parameter[] {
    this.operator('(');
    const found: Parameter[] = [];
    while (!this.skip('operator', ')')) {
      if (found.length > 0) this.operator(',');
      const name = this.name();
      found.push({ name, ...(this.skip('operator', '=') && { usual: this.expression() }) });
    }
    return found;
  }

  private target(): Target {
    const items = [this.oneTarget()];
    let several = false;
    while (this.skip('operator', ',')) {
      several = true;
      if (this.is('operator', '=') || this.is('name', 'in')) break;
      items.push(this.oneTarget());
    }
    return several ? { type: 'several', items } : items[0]!;
  }

  private oneTarget(): Target {
    if (this.skip('operator', '(')) {
      const inner = this.target();
      this.operator(')');
      return inner;
    }
    const name = this.name();
    return this.skip('operator', '.') ? { type: 'attribute', of: name, name: this.name() } : { type: 'name', name };
  }

  /** One expression, or several with commas between, which are a tuple. */
  private tuple(conditions = true): Expression {
    const one = () => (conditions ? this.expression() : this.or());
    const items = [one()];
    let several = false;
    while (this.skip('operator', ',')) {
      several = true;
      if (this.is('end') || this.is('operator', ')')) break;
      items.push(one());
    }
    return several ? { type: 'tuple', items } : items[0]!;
  }

  private expression(): Expression {
    let found = this.or();
    while (this.skip('name', 'if')) {
      const test = this.or();
      found = { type: 'condition', test, then: found, ...(this.skip('name', 'else') && { otherwise: this.expression() }) };
    }
    return found;
  }

  private or(): Expression {
    let left = this.and();
    while (this.skip('name', 'or')) left = { type: 'binary', operator: 'or', left, right: this.and() };
    return left;
  }

  private and(): Expression {
    let left = this.not();
    while (this.skip('name', 'and')) left = { type: 'binary', operator: 'and', left, right: this.not() };
    return left;
  }

  private not(): Expression {
    return this.skip('name', 'not') ? { type: 'unary', operator: 'not', of: this.not() } : this.comparison();
  }

  private comparison(): Expression {
    const first = this.sum();
    const rest: { operator: string; right: Expression }[] = [];
    for (;;) {
      const token = this.tokens[this.#at];
      const next = this.tokens[this.#at + 1];
      if (token?.type === 'operator' && ['==', '!=', '<', '<=', '>', '>='].includes(token.text)) {
        this.#at += 1;
        rest.push({ operator: token.text, right: this.sum() });
      } else if (this.skip('name', 'in')) rest.push({ operator: 'in', right: this.sum() });
      else if (this.is('name', 'not') && next?.type === 'name' && next.text === 'in') {
        this.#at += 2;
        rest.push({ operator: 'not in', right: this.sum() });
      } else return rest.length === 0 ? first : { type: 'comparison', first, rest };
    }
  }

  private sum(): Expression {
    return this.leftToRight(['+', '-'], () => this.concatenation());
  }

  private concatenation(): Expression {
    const items = [this.product()];
    while (this.skip('operator', '~')) items.push(this.product());
    return items.length === 1 ? items[0]! : { type: 'concatenation', items };
  }

  private product(): Expression {
    return this.leftToRight(['*', '/', '//', '%'], () => this.leftToRight(['**'], () => this.unary()));
  }

  private leftToRight(operators: readonly string[], part: () => Expression): Expression {
    let left = part();
    for (;;) {
      const token = this.tokens[this.#at];
      if (token?.type !== 'operator' || !operators.includes(token.text)) return left;
      this.#at += 1;
      left = { type: 'binary', operator: token.text, left, right: part() };
    }
  }

  private unary(filtered = true): Expression {
    for (const operator of ['-', '+'] as const) {
      if (!this.skip('operator', operator)) continue;
      const of: Expression = { type: 'unary', operator, of: this.unary(false) };
      return filtered ? this.filters(this.postfix(of)) : this.postfix(of);
    }
    const found = this.postfix(this.primary());
    return filtered ? this.filters(found) : found;
  }

  private primary(): Expression {
    const token = this.tokens[this.#at];
    if (token?.type === 'name') {
      this.#at += 1;
      return Object.hasOwn(constants, token.text) ? { type: 'constant', value: constants[token.text] } : { type: 'name', name: token.text };
    }
    if (token?.type === 'string') {
      let value = '';
      for (let next = this.tokens[this.#at]; next?.type === 'string'; next = this.tokens[this.#at]) {
        value += next.text;
        this.#at += 1;
      }
      return { type: 'constant', value };
    }
    if (token?.type === 'number') {
      this.#at += 1;
      return { type: 'constant', value: numeral(token.text, token.float) };
    }
    if (this.skip('operator', '(')) {
      if (this.skip('operator', ')')) return { type: 'tuple', items: [] };
      const inner = this.tuple();
      this.operator(')');
      return inner;
    }
    if (this.skip('operator', '[')) {
      const items: Expression[] = [];
      while (!this.skip('operator', ']')) {
        if (items.length > 0) this.operator(',');
        if (this.skip('operator', ']')) break;
        items.push(this.expression());
      }
      return { type: 'list', items };
    }
    if (this.skip('operator', '{')) {
      const pairs: [Expression, Expression][] = [];
      while (!this.skip('operator', '}')) {
        if (pairs.length > 0) this.operator(',');
        if (this.skip('operator', '}')) break;
        const key = this.expression();
        this.operator(':');
        pairs.push([key, this.expression()]);
      }
      return { type: 'dictionary', pairs };
    }
    throw new JinjaError(`expected a value; got ${shown(token)}`);
  }

  private postfix(of: Expression): Expression {
    for (let found = of; ; ) {
      if (this.skip('operator', '.')) {
        const token = this.tokens[this.#at];
        this.#at += 1;
        if (token?.type === 'name') found = { type: 'attribute', of: found, name: token.text };
        else if (token?.type === 'number' && !token.float) found = { type: 'item', of: found, key: { type: 'constant', value: Number(token.text) } };
        else throw new JinjaError(`expected the name of an attribute behind the dot; got ${shown(token)}`);
      } else if (this.skip('operator', '[')) {
        const keys = [this.subscript()];
        while (this.skip('operator', ',')) keys.push(this.subscript());
        this.operator(']');
        found = { type: 'item', of: found, key: keys.length === 1 ? keys[0]! : { type: 'tuple', items: keys } };
      } else if (this.is('operator', '(')) found = { type: 'call', of: found, given: this.givenArguments() };
      else return found;
    }
  }

  private subscript(): Expression {
    const part = () => (this.is('operator', ':') || this.is('operator', ']') || this.is('operator', ',') ? undefined : this.expression());
    const start = part();
    if (start !== undefined && !this.is('operator', ':')) return start;
    this.operator(':');
    const stop = part();
    const step = this.skip('operator', ':') ? part() : undefined;
    return { type: 'slice', start, stop, step };
  }

  /** `| filter`, `is test` and calls behind a value. `named`: the first filter stands without its bar. */
  private filters(of: Expression | undefined, named = false): Expression {
    let found = of;
    for (let first = named; ; first = false) {
      if (first || this.skip('operator', '|')) {
        let name = this.name();
        while (this.skip('operator', '.')) name += `.${this.name()}`;
        found = { type: 'filter', ...(found && { of: found }), name, given: this.is('operator', '(') ? this.givenArguments() : { positional: [], named: [] } };
      } else if (found && this.skip('name', 'is')) found = this.test(found);
      else if (found && this.is('operator', '(')) found = { type: 'call', of: found, given: this.givenArguments() };
      else return found!;
    }
  }

  private test(of: Expression): Expression {
    const negated = this.skip('name', 'not');
    const name = this.name();
    const token = this.tokens[this.#at];
    let given: GivenArguments = { positional: [], named: [] };
    if (this.is('operator', '(')) given = this.givenArguments();
    else if (token && (token.type === 'string' || token.type === 'number' || (token.type === 'name' && !notAnArgument.has(token.text)) || this.is('operator', '[') || this.is('operator', '{'))) {
      given = { positional: [{ value: this.postfix(this.primary()), spread: false }], named: [] };
    }
    return { type: 'test', of, name, given, negated };
  }

  private givenArguments(): GivenArguments {
    this.operator('(');
    const positional: { value: Expression; spread: boolean }[] = [];
    const named: { name: string; value: Expression }[] = [];
    let namedSpread: Expression | undefined;
    for (let first = true; !this.skip('operator', ')'); first = false) {
      if (!first) this.operator(',');
      if (this.skip('operator', ')')) break;
      const token = this.tokens[this.#at];
      const next = this.tokens[this.#at + 1];
      if (this.skip('operator', '**')) namedSpread = this.expression();
      else if (this.skip('operator', '*')) positional.push({ value: this.expression(), spread: true });
      else if (token?.type === 'name' && next?.type === 'operator' && next.text === '=') {
        this.#at += 2;
        named.push({ name: token.text, value: this.expression() });
      } else positional.push({ value: this.expression(), spread: false });
    }
    return { positional, named, ...(namedSpread && { namedSpread }) };
  }

  private is(type: Token['type'], text?: string): boolean {
    const token = this.tokens[this.#at];
    return token?.type === type && (text === undefined || ('text' in token && token.text === text));
  }

  private skip(type: 'name' | 'operator', text: string): boolean {
    if (!this.is(type, text)) return false;
    this.#at += 1;
    return true;
  }

  private name(): string {
    const token = this.tokens[this.#at];
    if (token?.type !== 'name') throw new JinjaError(`expected a name; got ${shown(token)}`);
    this.#at += 1;
    return token.text;
  }

  private word(text: string): void {
    if (!this.skip('name', text)) throw new JinjaError(`expected "${text}"; got ${shown(this.tokens[this.#at])}`);
  }

  private operator(text: string): void {
    if (!this.skip('operator', text)) throw new JinjaError(`expected ${text}; got ${shown(this.tokens[this.#at])}`);
  }

  private end(of: 'variable' | 'block'): void {
    const token = this.tokens[this.#at];
    if (token?.type !== 'end' || token.of !== of) throw new JinjaError(`expected ${of === 'variable' ? '}}' : '%}'}; got ${shown(token)}`);
    this.#at += 1;
  }
}

function numeral(text: string, isFloat: boolean): unknown {
  const value = Number(text);
  if (isFloat) return Number.isInteger(value) ? new Float(value) : value;
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function shown(token: Token | undefined): string {
  if (!token) return 'the end';
  if ('of' in token) return token.type === 'begin' ? (token.of === 'variable' ? '{{' : '{%') : token.of === 'variable' ? '}}' : '%}';
  if (token.type === 'string' || token.type === 'data') return JSON.stringify(token.text.slice(0, 30));
  return token.text;
}
