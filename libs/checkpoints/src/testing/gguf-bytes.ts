/** Builds GGUF files byte by byte for specs, so that every field can lie. */
export class GgufBytes {
  private readonly parts: number[] = [];

  get length(): number {
    return this.parts.length;
  }

  raw(...bytes: number[]): this {
    for (const byte of bytes) this.parts.push(byte & 0xff);
    return this;
  }

  u32(value: number): this {
    return this.raw(value, value >>> 8, value >>> 16, value >>> 24);
  }

  /** Negative values are written as their two's complement. */
  u64(value: number | bigint): this {
    const bits = BigInt.asUintN(64, BigInt(value));
    for (let i = 0n; i < 8n; i += 1n) this.raw(Number((bits >> (8n * i)) & 0xffn));
    return this;
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.u64(bytes.length).raw(...bytes);
  }

  pad(alignment: number): this {
    while (this.parts.length % alignment !== 0) this.raw(0);
    return this;
  }

  header({ magic = 'GGUF', version = 3, tensors = 0, pairs = 0 }: { magic?: string; version?: number; tensors?: number | bigint; pairs?: number | bigint }): this {
    return this.raw(...new TextEncoder().encode(magic))
      .u32(version)
      .u64(tensors)
      .u64(pairs);
  }

  tensor(name: string, sizes: readonly (number | bigint)[], type: number, offset: number | bigint, dimensions = sizes.length): this {
    this.text(name).u32(dimensions);
    for (const size of sizes) this.u64(size);
    return this.u32(type).u64(offset);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.parts);
  }
}

/** Numbers of the metadata value types, as the file has them. */
export const kv = { u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10, i64: 11, f64: 12 } as const;
