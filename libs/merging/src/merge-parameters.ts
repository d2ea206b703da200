import { MergeError } from './merge-error.js';
import type { MergeMethod } from './merge-method.js';

/** The checked parameters of one request, with the method's defaults filled in. */
export class MergeParameters {
  private readonly values: ReadonlyMap<string, unknown>;

  constructor(private readonly method: MergeMethod, given: Readonly<Record<string, unknown>>) {
    const known = Object.keys(method.parameters);
    const unknown = Object.keys(given).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new MergeError('unknown-merge-parameter', `${method.name}: expected parameters among ${known.join(', ') || '(none)'}; got ${unknown.join(', ')}. Remove or rename them.`, { method: method.name, unknown });
    }
    this.values = new Map(known.map((name) => [name, given[name] ?? method.parameters[name]!.default]));
  }

  /** A finite number. */
  number(name: string): number {
    const value = this.values.get(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(name, 'a finite number', value);
    return value;
  }

  /** One finite number per model, or null where the request and the method leave it open. */
  numbers(name: string, count: number): readonly number[] | null {
    const value = this.values.get(name);
    if (value === null || value === undefined) return null;
    if (!Array.isArray(value) || value.length !== count || !value.every((item) => typeof item === 'number' && Number.isFinite(item))) {
      throw this.wrong(name, `a list of ${count} finite numbers, the base's first`, value);
    }
    return value;
  }

  private wrong(name: string, expected: string, value: unknown): MergeError {
    return new MergeError('wrong-merge-parameter', `${this.method.name}.${name}: expected ${expected}; got ${JSON.stringify(value)}. ${this.method.parameters[name]?.description ?? ''}`, { method: this.method.name, parameter: name });
  }
}
