import { ArrowError } from '../errors.js';
import { RandomAccessFile } from '../random-access-file.js';
import { readField, type ArrowField, type ArrowType } from './arrow-types.js';
import { arrowMagic, messageKinds } from './arrow-writer.js';
import { FlatTable } from './flat-buffers.js';

/** Where bytes lie in the file. */
export interface ArrowPlace {
  readonly begin: number;
  readonly byteLength: number;
}

/** As `ArrowColumn`, with places in the file. */
export interface PlacedColumn {
  readonly type: ArrowType;
  readonly length: number;
  readonly offsets?: ArrowPlace;
  readonly values?: ArrowPlace;
  readonly of?: PlacedColumn;
}

export interface ArrowSource extends AsyncDisposable {
  readonly metadata: ReadonlyMap<string, string>;
  readonly fields: readonly ArrowField[];
  /** Of each batch the columns by name. */
  readonly batches: readonly ReadonlyMap<string, PlacedColumn>[];
  read(place: ArrowPlace): Promise<Uint8Array>;
}

/**
 * Opens an Arrow IPC file of the types that are written here, and looks at its headers alone.
 *
 * @throws ArrowError `arrow-broken` for breaches of the format, `arrow-unsupported` for nulls, compression and other types; FileReadError
 */
export async function openArrow(path: string): Promise<ArrowSource> {
  const file = await RandomAccessFile.open(path);
  try {
    const { metadata, fields, batches } = await readHeaders(file);
    return { metadata, fields, batches, read: ({ begin, byteLength }) => file.read(begin, byteLength), [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    // What points beyond a header.
    if (error instanceof RangeError) throw broken(path, `its headers point beyond themselves (${error.message})`);
    throw error;
  }
}

type Headers = Pick<ArrowSource, 'metadata' | 'fields' | 'batches'>;

async function readHeaders(file: RandomAccessFile): Promise<Headers> {
  const { path, size } = file;
  const ends = arrowMagic.length + 4;
  if (size < 8 + ends || text(await file.read(0, arrowMagic.length)) !== arrowMagic || text(await file.read(size - arrowMagic.length, arrowMagic.length)) !== arrowMagic) throw broken(path, `expected ${arrowMagic} at both of its ends`);
  const footerLength = Buffer.from(await file.read(size - ends, 4)).readInt32LE();
  if (footerLength <= 0 || footerLength > size - ends - 8) throw broken(path, `expected a footer that fits the file; got ${footerLength} bytes`);
  const footer = FlatTable.root(await file.read(size - ends - footerLength, footerLength));
  const schema = footer.table(1);
  if (!schema) throw broken(path, 'its footer has no schema');
  const fields = schema.tables(1).map((field) => readField(field) ?? unsupported(path, `the type of the column "${field.text(0) ?? ''}"`));
  const metadata = new Map(schema.tables(2).map((pair) => [pair.text(0) ?? '', pair.text(1) ?? '']));
  const batches: Map<string, PlacedColumn>[] = [];
  for (const [begin = 0, headerLength = 0, bodyLength = 0] of footer.structs(3, 3)) {
    // The upper half of the header's length is padding.
    const length = headerLength % 2 ** 32;
    if (begin < 0 || length < 8 || bodyLength < 0 || begin + length + bodyLength > size) throw broken(path, `a batch lies beyond its ${size} bytes`);
    const message = FlatTable.root(await file.read(begin + 8, length - 8));
    const batch = message.table(2);
    if (!batch || message.number(1, 1) !== messageKinds.batch) throw broken(path, 'expected a batch where its footer says that one is');
    if (batch.table(3)) unsupported(path, 'compression');
    const columns = new Columns(path, batch.structs(1, 2), batch.structs(2, 2).map(([at = 0, byteLength = 0]) => ({ begin: begin + length + at, byteLength })), { begin: begin + length, byteLength: bodyLength });
    batches.push(new Map(fields.map(({ name, type }) => [name, columns.next(type)])));
  }
  return { metadata, fields, batches };
}

/** A batch's columns, one node and one buffer after the other. */
class Columns {
  private node = 0;
  private buffer = 0;

  constructor(private readonly path: string, private readonly nodes: readonly (readonly number[])[], private readonly places: readonly ArrowPlace[], private readonly body: ArrowPlace) {}

  next(type: ArrowType): PlacedColumn {
    const [length, nulls] = this.nodes[this.node++] ?? [];
    if (length === undefined || nulls === undefined || length < 0) throw broken(this.path, 'a batch has fewer columns than the schema');
    if (nulls !== 0) unsupported(this.path, 'nulls');
    this.place(0);
    switch (type.kind) {
      case 'int32':
      case 'float32':
        return { type, length, values: this.place(4 * length) };
      case 'float16':
        return { type, length, values: this.place(2 * length) };
      case 'text':
        return { type, length, offsets: this.place(length === 0 ? 0 : 4 * (length + 1)), values: this.place(0) };
      case 'list':
        return { type, length, offsets: this.place(length === 0 ? 0 : 8 * (length + 1)), of: this.next(type.of) };
      case 'fixed-list': {
        const of = this.next(type.of);
        if (of.length !== length * type.size) throw broken(this.path, `expected ${length} lists of ${type.size}; got ${of.length} values`);
        return { type, length, of };
      }
    }
  }

  private place(least: number): ArrowPlace {
    const place = this.places[this.buffer++];
    if (!place || place.byteLength < least || place.begin < this.body.begin || place.begin + place.byteLength > this.body.begin + this.body.byteLength) throw broken(this.path, 'a column has fewer bytes than values, or lies outside of its batch');
    return place;
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function broken(path: string, what: string): ArrowError {
  return new ArrowError({ code: 'arrow-broken', message: `Cannot read ${path} as an Arrow file: ${what}. Make it again.`, facts: { path } });
}

function unsupported(path: string, what: string): never {
  throw new ArrowError({ code: 'arrow-unsupported', message: `Cannot read ${path}: ${what} is not among what is read here (int32, float16, float32, texts, lists; no nulls, no compression).`, facts: { path } });
}
