import { MergeError } from './merge-error.js';
import type { MergeMethod, MergeParameter } from './merge-method.js';

type Value = number | boolean | string | null;

/**
 * The checked parameters of one weight (or of a whole request), with the method's defaults filled in. A parameter per model is given as one value for
 * all models or as a list with one for each.
 *
 * @throws MergeError `unknown-merge-parameter`, `wrong-merge-parameter`
 */
export class MergeParameters {
  private readonly values = new Map<string, Value | readonly Value[]>();

  constructor(private readonly method: MergeMethod, given: Readonly<Record<string, unknown>>, private readonly modelCount: number) {
    const definitions = Object.entries(method.parameters);
    const known = new Map(definitions.flatMap(([name, { alias }]) => [[name, name], ...(alias === undefined ? [] : [[alias, name]])] as [string, string][]));
    const unknown = Object.keys(given).filter((name) => !known.has(name));
    if (unknown.length > 0) {
      throw new MergeError('unknown-merge-parameter', `${method.name}: expected parameters among ${Object.keys(method.parameters).join(', ') || '(none)'}; got ${unknown.join(', ')}. Remove or rename them.`, { method: method.name, unknown });
    }
    for (const [name, definition] of definitions) {
      const value = given[name] ?? (definition.alias === undefined ? undefined : given[definition.alias]) ?? definition.default;
      this.values.set(name, definition.per === 'model' ? this.perModel(name, definition, value) : this.single(name, definition, value));
    }
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.refuse(name, null);
  }

  optionalNumber(name: string): number | null {
    return this.values.get(name) as number | null;
  }

  flag(name: string): boolean {
    return this.values.get(name) as boolean;
  }

  choice(name: string): string {
    return this.values.get(name) as string;
  }

  /** One number per model. */
  numbers(name: string): readonly number[] {
    return this.optionalNumbers(name).map((value) => value ?? this.refuse(name, null));
  }

  /** One number per model, null where neither the request nor the method has one. */
  optionalNumbers(name: string): readonly (number | null)[] {
    return this.values.get(name) as readonly (number | null)[];
  }

  private perModel(name: string, definition: MergeParameter, value: unknown): Value[] {
    if (!Array.isArray(value)) return Array.from({ length: this.modelCount }, () => this.single(name, definition, value));
    if (value.length !== this.modelCount) this.refuse(name, value);
    return value.map((item: unknown) => this.single(name, definition, item ?? definition.default));
  }

  private single(name: string, definition: MergeParameter, value: unknown): Value {
    if (value === null || value === undefined) return definition.required && this.modelCount > 0 ? this.refuse(name, value) : null;
    switch (definition.kind) {
      case 'number': {
        const { least = -Infinity, most = Infinity, integer } = definition;
        return typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most && (!integer || Number.isInteger(value)) ? value : this.refuse(name, value);
      }
      case 'flag':
        return typeof value === 'boolean' ? value : this.refuse(name, value);
      case 'choice':
        return typeof value === 'string' && definition.choices?.includes(value) ? value : this.refuse(name, value);
    }
  }

  private refuse(name: string, value: unknown): never {
    const definition = this.method.parameters[name]!;
    const one = expectedValue(definition);
    const expected = definition.per === 'model' ? `${one} for ${this.modelCount === 1 ? 'the model' : `all ${this.modelCount} models, or a list with one for each`}` : one;
    throw new MergeError('wrong-merge-parameter', `${this.method.name}.${name}: expected ${expected}; got ${value === undefined || value === null ? 'nothing' : JSON.stringify(value)}. ${definition.description}`, {
      method: this.method.name, parameter: name, models: this.modelCount,
    });
  }
}

function expectedValue({ kind, least, most, integer, choices }: MergeParameter): string {
  if (kind === 'flag') return 'true or false';
  if (kind === 'choice') return `one of ${choices?.join(', ')}`;
  const range = least !== undefined && most !== undefined ? ` from ${least} to ${most}` : least !== undefined ? ` of at least ${least}` : most !== undefined ? ` of at most ${most}` : '';
  return `a ${integer ? 'whole' : 'finite'} number${range}`;
}
