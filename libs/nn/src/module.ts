import type { Tensor } from '@tunesmith/tensor';

/**
 * Something with parameters, and children that have parameters. A module knows its full published path, such as
 * `model.layers.0.mlp`, and its parameters are named by it, so that a checkpoint's names are ours.
 */
export abstract class Module {
  readonly #own = new Map<string, Tensor>();
  readonly #children: Module[] = [];

  /** `path`: the full published path without a trailing dot; empty for the root. */
  constructor(readonly path: string) {}

  /** Every parameter below this module by its full dotted path, in the order of construction. A tensor used twice appears once, under its first name. */
  parameters(): Map<string, Tensor> {
    const found = new Map<string, Tensor>();
    this.#collect(found, new Set());
    return found;
  }

  /** Every module below and including this one, parents first. */
  *modules(): Generator<Module> {
    yield this;
    for (const child of this.#children) yield* child.modules();
  }

  /** Frees every parameter. The module cannot be used afterwards. */
  [Symbol.dispose](): void {
    for (const child of this.#children) child[Symbol.dispose]();
    for (const parameter of this.#own.values()) parameter.dispose();
  }

  /** Registers a child and returns it. */
  protected add<Child extends Module>(child: Child): Child {
    this.#children.push(child);
    return child;
  }

  /** Registers a parameter under this module's path and returns it. */
  protected parameter(name: string, tensor: Tensor): Tensor {
    this.#own.set(name, tensor);
    return tensor;
  }

  /** A parameter of this module by its own name. */
  protected own(name: string): Tensor {
    const tensor = this.#own.get(name);
    if (!tensor) throw new RangeError(`${this.path} has no parameter ${name}`);
    return tensor;
  }

  #collect(found: Map<string, Tensor>, seen: Set<Tensor>): void {
    for (const [name, tensor] of this.#own) {
      if (seen.has(tensor)) continue;
      seen.add(tensor);
      found.set(this.path === '' ? name : `${this.path}.${name}`, tensor);
    }
    for (const child of this.#children) child.#collect(found, seen);
  }
}
