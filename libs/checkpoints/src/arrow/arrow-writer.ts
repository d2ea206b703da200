import { AtomicFile } from '../atomic-file.js';
import { fieldTable, type ArrowField } from './arrow-types.js';
import { flat, writeFlatBuffer, type FlatValue } from './flat-buffers.js';

/** Bytes that are there, or that come when their turn does. */
export type ArrowBytes = Uint8Array | { readonly byteLength: number; read(): AsyncIterable<Uint8Array> };

/** What a column holds: for lists where each begins and how many items there are in all, and what they hold; else the values, and of texts where each begins. */
export interface ArrowColumn {
  readonly offsets?: ArrowBytes;
  readonly values?: ArrowBytes;
  /** How many there are. */
  readonly length: number;
  readonly of?: ArrowColumn;
}

export interface ArrowContent {
  readonly fields: readonly ArrowField[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Each with a column for each field. */
  readonly batches: readonly (readonly ArrowColumn[])[];
}

export const arrowMagic = 'ARROW1';
/** Messages by Arrow's Message.fbs, in the version of the format since 2020. */
export const messageKinds = { schema: 1, batch: 3 } as const;
const version = flat.scalar(2, 4);
const continuation = 0xffffffff;

/**
 * Writes an Arrow IPC file (Apache Arrow's columnar format 1.0, which is Feather 2 too): without nulls, dictionaries and compression, so that every value has a place in
 * the file. It appears whole or not at all. Throws FileWriteError (`disk-full`) where the disk refuses.
 */
export async function writeArrow(path: string, { fields, metadata, batches }: ArrowContent): Promise<void> {
  const pairs = flat.vector(Object.entries(metadata).map(([key, value]) => flat.table(flat.text(key), flat.text(value))));
  const schema = flat.table(flat.scalar(2, 0), flat.vector(fields.map(fieldTable)), pairs);
  await using file = await AtomicFile.create(path);
  await file.write(padded(Buffer.from(arrowMagic)));
  await writeMessage(file, messageKinds.schema, schema, 0);
  const blocks: Buffer[] = [];
  for (const columns of batches) {
    const nodes: number[] = [];
    const buffers: ArrowBytes[] = [];
    for (const column of columns) collect(column, nodes, buffers);
    const places: number[] = [];
    let bodyLength = 0;
    for (const { byteLength } of buffers) {
      places.push(bodyLength, byteLength);
      bodyLength += roundedUp(byteLength);
    }
    const batch = flat.table(flat.scalar(8, columns[0]?.length ?? 0), flat.structs(nodes.length / 2, longs(nodes)), flat.structs(buffers.length, longs(places)));
    const begin = file.position;
    const headerLength = await writeMessage(file, messageKinds.batch, batch, bodyLength);
    blocks.push(longs([begin, headerLength, bodyLength]));
    for (const bytes of buffers) {
      if (bytes instanceof Uint8Array) await file.write(bytes);
      else for await (const piece of bytes.read()) await file.write(piece);
      await file.write(new Uint8Array(roundedUp(bytes.byteLength) - bytes.byteLength));
    }
  }
  await file.write(uint32(continuation, 0));
  const footer = writeFlatBuffer(flat.table(version, schema, flat.structs(0, new Uint8Array(0)), flat.structs(blocks.length, Buffer.concat(blocks))));
  await file.write(footer);
  await file.write(uint32(footer.length));
  await file.write(Buffer.from(arrowMagic));
  await file.commit();
}

/** -> how many bytes it took. */
async function writeMessage(file: AtomicFile, kind: number, header: FlatValue, bodyLength: number): Promise<number> {
  const message = writeFlatBuffer(flat.table(version, flat.scalar(1, kind), header, flat.scalar(8, bodyLength)));
  await file.write(uint32(continuation, message.length));
  await file.write(message);
  return 8 + message.length;
}

/** A column's nodes (length, nulls) and buffers in the order of the format; of each the map of what is null is empty. */
function collect({ offsets, values, length, of }: ArrowColumn, nodes: number[], buffers: ArrowBytes[]): void {
  nodes.push(length, 0);
  buffers.push(new Uint8Array(0));
  if (offsets) buffers.push(offsets);
  if (values) buffers.push(values);
  if (of) collect(of, nodes, buffers);
}

function roundedUp(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc(roundedUp(bytes.length) - bytes.length)]);
}

function longs(numbers: readonly number[]): Buffer {
  return Buffer.from(BigInt64Array.from(numbers, BigInt).buffer);
}

function uint32(...numbers: number[]): Uint8Array {
  return Buffer.from(Uint32Array.from(numbers).buffer);
}
