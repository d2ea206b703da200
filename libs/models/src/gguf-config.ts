import { ModelConfigError } from './model-config-error.js';
import type { GgufConfigSource } from './model-family.js';

/** Reads typed values of one architecture's metadata; a missing or wrongly typed key is an error that names it. */
export class GgufConfigReader {
  constructor(
    private readonly architecture: string,
    private readonly source: GgufConfigSource,
  ) {}

  /** A required non-negative integer of the architecture: `integer('block_count')` reads `llama.block_count`. */
  integer(key: string): number {
    const value = this.optionalInteger(key);
    if (value === undefined) this.fail(key, 'an integer', undefined);
    return value;
  }

  optionalInteger(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) this.fail(key, 'a non-negative integer', value);
    return number;
  }

  /** A required float32, as the shortest decimal that rounds to the same float32: 1e-5, not 0.000009999999747378752. */
  float(key: string): number {
    const value = this.optionalFloat(key);
    if (value === undefined) this.fail(key, 'a number', undefined);
    return value;
  }

  optionalFloat(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) this.fail(key, 'a finite number', value);
    return shortestFloat32(value);
  }

  /** A required truth value. */
  boolean(key: string): boolean {
    const value = this.value(key);
    return typeof value === 'boolean' ? value : this.fail(key, 'true or false', value);
  }

  optionalString(key: string): string | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') this.fail(key, 'a string', value);
    return value;
  }

  /** The published `rope_scaling` of `rope.scaling.*`, or null. */
  ropeScaling(): Record<string, unknown> | null {
    const type = this.optionalString('rope.scaling.type');
    if (type === undefined || type === 'none') return null;
    const factor = this.float('rope.scaling.factor');
    if (type === 'linear') return factor === 1 ? null : { rope_type: 'linear', factor };
    if (type === 'yarn') return { rope_type: 'yarn', factor, original_max_position_embeddings: this.integer('rope.scaling.original_context_length') };
    return this.fail('rope.scaling.type', 'none, linear or yarn', type);
  }

  private value(key: string): unknown {
    return this.source.get(`${this.architecture}.${key}`);
  }

  private fail(key: string, expected: string, value: unknown): never {
    const name = `${this.architecture}.${key}`;
    const came = value === undefined ? 'it is missing' : `got ${typeof value === 'object' ? 'an array' : String(value)}`;
    throw new ModelConfigError({ message: `GGUF metadata: expected ${expected} under ${name}, ${came}.`, facts: { key: name } });
  }
}

/** The shortest decimal that is the same float32. */
export function shortestFloat32(value: number): number {
  const target = Math.fround(value);
  if (target === 0) return target;
  for (let digits = 1; digits <= 9; digits += 1) {
    const short = Number(target.toPrecision(digits));
    if (Math.fround(short) === target) return short;
  }
  return value;
}
