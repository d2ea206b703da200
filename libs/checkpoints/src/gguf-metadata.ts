import { GgufError } from './errors.js';

/** Value types of GGUF metadata; the order is their number in the file. */
export const ggufValueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;
export type GgufValueType = (typeof ggufValueTypes)[number];
export type GgufScalarType = Exclude<GgufValueType, 'array'>;

/** What arrays of GGUF metadata decode to, and what may be written. Flat: arrays of arrays are refused. */
export type GgufArray =
  | readonly string[]
  | readonly boolean[]
  | readonly number[]
  | readonly bigint[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** A metadata value with the type that it has in the file. 64-bit integers are numbers where those are exact. */
export type GgufValue =
  | { readonly type: 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64'; readonly value: number }
  | { readonly type: 'uint64' | 'int64'; readonly value: number | bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly elementType: GgufScalarType; readonly value: GgufArray };

/** The metadata of a GGUF file, in file order, with typed access that names the key when a value is missing or of another kind. */
export class GgufMetadata {
  constructor(
    private readonly values: ReadonlyMap<string, GgufValue>,
    private readonly path: string,
  ) {}

  get size(): number {
    return this.values.size;
  }

  has(key: string): boolean {
    return this.values.has(key);
  }

  entries(): IterableIterator<[string, GgufValue]> {
    return this.values.entries();
  }

  typed(key: string): GgufValue | undefined {
    return this.values.get(key);
  }

  /** The plain value: number, bigint, boolean, text, or array. */
  get(key: string): GgufValue['value'] | undefined {
    return this.values.get(key)?.value;
  }

  string(key: string): string {
    return this.optionalString(key) ?? this.missing(key, 'text');
  }

  optionalString(key: string): string | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === 'string' ? value : this.mistyped(key, 'text');
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.missing(key, 'a number');
  }

  optionalNumber(key: string): number | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === 'number' ? value : this.mistyped(key, 'a number');
  }

  optionalBoolean(key: string): boolean | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === 'boolean' ? value : this.mistyped(key, 'true or false');
  }

  strings(key: string): readonly string[] {
    return this.optionalStrings(key) ?? this.missing(key, 'an array of text');
  }

  optionalStrings(key: string): readonly string[] | undefined {
    const entry = this.typed(key);
    if (!entry) return undefined;
    return entry.type === 'array' && entry.elementType === 'string' && Array.isArray(entry.value) ? entry.value.map(String) : this.mistyped(key, 'an array of text');
  }

  optionalNumbers(key: string): readonly number[] | undefined {
    const entry = this.typed(key);
    if (!entry) return undefined;
    const numeric = entry.type === 'array' && !['string', 'bool', 'uint64', 'int64'].includes(entry.elementType);
    return numeric ? Array.from(entry.value, Number) : this.mistyped(key, 'an array of numbers');
  }

  private missing(key: string, kind: string): never {
    throw new GgufError({
      code: 'gguf-metadata-missing',
      message: `${this.path} lacks the metadata key ${key} (${kind} expected).`,
      facts: { path: this.path, key },
    });
  }

  private mistyped(key: string, kind: string): never {
    const entry = this.typed(key);
    const found = entry?.type === 'array' ? `an array of ${entry.elementType}` : entry?.type;
    throw new GgufError({
      code: 'gguf-metadata-mistyped',
      message: `${this.path}: the metadata key ${key} must be ${kind}, found ${found}.`,
      facts: { path: this.path, key, found },
    });
  }
}
