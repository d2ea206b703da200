/** A value of a FlatBuffers table; undefined fields keep their default and take no room. */
export type FlatValue =
  | { readonly kind: 'scalar'; readonly bytes: 1 | 2 | 4 | 8; readonly value: number }
  | { readonly kind: 'text'; readonly text: string }
  | FlatTableValue
  | { readonly kind: 'vector'; readonly items: readonly FlatValue[] }
  /** Structs one behind the other, as their bytes. */
  | { readonly kind: 'structs'; readonly count: number; readonly content: Uint8Array };

interface FlatTableValue {
  readonly kind: 'table';
  /** By their number in the schema. */
  readonly fields: readonly (FlatValue | undefined)[];
}

export const flat = {
  scalar: (bytes: 1 | 2 | 4 | 8, value: number): FlatValue => ({ kind: 'scalar', bytes, value }),
  text: (text: string): FlatValue => ({ kind: 'text', text }),
  table: (...fields: (FlatValue | undefined)[]): FlatTableValue => ({ kind: 'table', fields }),
  vector: (items: readonly FlatValue[]): FlatValue => ({ kind: 'vector', items }),
  structs: (count: number, content: Uint8Array): FlatValue => ({ kind: 'structs', count, content }),
};

/** A FlatBuffers buffer with this root, of a multiple of eight bytes. Everything lies behind what points at it. */
export function writeFlatBuffer(root: FlatTableValue): Uint8Array {
  const writer = new Writer();
  writer.pointAt(writer.reserve(4, 4), root);
  writer.reserve(0, 8);
  return writer.content;
}

class Writer {
  private data = Buffer.alloc(1024);
  private length = 0;

  get content(): Uint8Array {
    return this.data.subarray(0, this.length);
  }

  /** Zeros at a multiple of `alignment`; -> where they begin. */
  reserve(bytes: number, alignment: number): number {
    const at = Math.ceil(this.length / alignment) * alignment;
    this.length = at + bytes;
    if (this.length > this.data.length) this.data = Buffer.concat([this.data, Buffer.alloc(this.length)]);
    return at;
  }

  /** Writes a value behind everything else, and its distance at `place`. */
  pointAt(place: number, value: FlatValue): void {
    const at = this.write(value);
    this.data.writeUInt32LE(at - place, place);
  }

  private write(value: FlatValue): number {
    switch (value.kind) {
      case 'table':
        return this.table(value);
      case 'text': {
        const text = Buffer.from(value.text);
        const at = this.reserve(4 + text.length + 1, 4);
        this.data.writeUInt32LE(text.length, at);
        text.copy(this.data, at + 4);
        return at;
      }
      case 'vector': {
        const at = this.reserve(4 + 4 * value.items.length, 4);
        this.data.writeUInt32LE(value.items.length, at);
        value.items.forEach((item, index) => this.pointAt(at + 4 + 4 * index, item));
        return at;
      }
      case 'structs': {
        // The structs are aligned to eight, their number stands before them.
        const begin = this.reserve(8 + value.content.length, 8) + 8;
        this.data.writeUInt32LE(value.count, begin - 4);
        this.data.set(value.content, begin);
        return begin - 4;
      }
      case 'scalar':
        throw new Error('expected a value that is pointed at; got a scalar');
    }
  }

  private table({ fields }: FlatTableValue): number {
    const places = fields.map(() => 0);
    let size = 4;
    for (const [index, field] of fields.entries()) {
      if (!field) continue;
      const bytes = field.kind === 'scalar' ? field.bytes : 4;
      places[index] = Math.ceil(size / bytes) * bytes;
      size = places[index]! + bytes;
    }
    const offsets = this.reserve(4 + 2 * fields.length, 2);
    const at = this.reserve(size, 8);
    this.data.writeUInt16LE(4 + 2 * fields.length, offsets);
    this.data.writeUInt16LE(size, offsets + 2);
    places.forEach((place, index) => this.data.writeUInt16LE(place, offsets + 4 + 2 * index));
    this.data.writeInt32LE(at - offsets, at);
    for (const [index, field] of fields.entries()) {
      if (!field) continue;
      const place = at + places[index]!;
      if (field.kind !== 'scalar') this.pointAt(place, field);
      else if (field.bytes === 8) this.data.writeBigInt64LE(BigInt(field.value), place);
      else this.data.writeIntLE(field.value, place, field.bytes);
    }
    return at;
  }
}

/** A table that is read where it lies. Throws RangeError beyond the buffer. */
export class FlatTable {
  private constructor(private readonly view: DataView, private readonly at: number) {}

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  /** 0 where the field is left out. */
  number(field: number, bytes: 1 | 2 | 4 | 8): number {
    const place = this.placeOf(field);
    if (place === undefined) return 0;
    switch (bytes) {
      case 1:
        return this.view.getUint8(place);
      case 2:
        return this.view.getInt16(place, true);
      case 4:
        return this.view.getInt32(place, true);
      case 8:
        return Number(this.view.getBigInt64(place, true));
    }
  }

  text(field: number): string | undefined {
    const at = this.target(field);
    return at === undefined ? undefined : Buffer.from(this.view.buffer, this.view.byteOffset + at + 4, this.view.getUint32(at, true)).toString('utf8');
  }

  table(field: number): FlatTable | undefined {
    const at = this.target(field);
    return at === undefined ? undefined : new FlatTable(this.view, at);
  }

  tables(field: number): FlatTable[] {
    const at = this.target(field);
    if (at === undefined) return [];
    return Array.from({ length: this.view.getUint32(at, true) }, (_, index) => {
      const place = at + 4 + 4 * index;
      return new FlatTable(this.view, place + this.view.getUint32(place, true));
    });
  }

  /** The 64-bit numbers of each struct of a vector. */
  structs(field: number, numbers: number): number[][] {
    const at = this.target(field);
    if (at === undefined) return [];
    return Array.from({ length: this.view.getUint32(at, true) }, (_, index) => Array.from({ length: numbers }, (_number, each) => Number(this.view.getBigInt64(at + 4 + 8 * (index * numbers + each), true))));
  }

  private placeOf(field: number): number | undefined {
    const offsets = this.at - this.view.getInt32(this.at, true);
    if (4 + 2 * field >= this.view.getUint16(offsets, true)) return undefined;
    const place = this.view.getUint16(offsets + 4 + 2 * field, true);
    return place === 0 ? undefined : this.at + place;
  }

  private target(field: number): number | undefined {
    const place = this.placeOf(field);
    return place === undefined ? undefined : place + this.view.getUint32(place, true);
  }
}
