import { JinjaError } from './jinja-error.js';
import { defined, numberOf, type CallArguments } from './values.js';

/** Arguments by the names of the parameters, in their order or by name, as Python binds them. @throws JinjaError */
export class Bound {
  readonly #values = new Map<string, unknown>();

  constructor(of: string, parameters: readonly string[], { positional, named }: CallArguments) {
    if (positional.length > parameters.length) throw new JinjaError(`${of} takes at most ${parameters.length} arguments (${parameters.join(', ')}); got ${positional.length}`);
    positional.forEach((value, place) => this.#values.set(parameters[place]!, value));
    for (const [name, value] of named) {
      if (!parameters.includes(name)) throw new JinjaError(`${of} has no argument "${name}"; there are ${parameters.join(', ') || 'none'}`);
      this.#values.set(name, value);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  get(name: string, usual?: unknown): unknown {
    return this.#values.has(name) ? defined(this.#values.get(name)) : usual;
  }

  number(name: string, usual: number): number {
    const value = numberOf(this.get(name, usual));
    if (value === undefined) throw new JinjaError(`the argument ${name} has to be a number`);
    return value;
  }

  /** Undefined where it is absent or None. */
  text(name: string): string | undefined {
    const value = this.get(name) ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw new JinjaError(`the argument ${name} has to be a text`);
  }
}
