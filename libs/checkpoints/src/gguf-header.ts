import { GgufCursor } from './gguf-cursor.js';
import { GgufMetadata, ggufValueTypes, type GgufArray, type GgufScalarType, type GgufValue } from './gguf-metadata.js';
import { ggmlTypeById } from './gguf-types.js';
import type { RandomAccessFile } from './random-access-file.js';
import type { TensorInfo } from './tensor-source.js';

/** A tensor of a GGUF file; `begin` counts from the start of the file. */
export interface GgufEntryInfo extends TensorInfo {
  readonly begin: number;
}

/** What a GGUF header says, checked. */
export interface GgufHeader {
  readonly version: number;
  readonly metadata: GgufMetadata;
  /** In file order, which is the order of their bytes. */
  readonly tensors: ReadonlyMap<string, GgufEntryInfo>;
}

const largestCounts = { metadata: 100_000, tensors: 1_000_000, keyBytes: 65_535, stringBytes: 64 * 1024 * 1024 };
const largestAlignment = 1 << 20;
/** ggml keeps names in 64 bytes with a closing zero. */
const longestTensorName = 63;

/**
 * Parses the header of a GGUF v2 or v3 file (docs/gguf.md of ggml) with every check of llama.cpp's loader, before anything is allocated for
 * what the file claims. Throws GgufError; the code names the breach.
 */
export function parseGgufHeader(file: RandomAccessFile): GgufHeader {
  const cursor = new GgufCursor(file);
  const magic = cursor.remaining >= 4 ? String.fromCharCode(...cursor.bytes(4, 'the magic')) : '';
  if (magic !== 'GGUF') cursor.fail('gguf-bad-magic', `no GGUF file: ${beginning(file.size, magic)}`, { magic });
  const version = cursor.uint32('the version');
  if (version !== 0 && (version & 0xffff) === 0) {
    cursor.fail('gguf-big-endian', 'the file is big-endian, which is not supported. Convert it with gguf-convert-endian of the gguf package.', { version });
  }
  if (version !== 2 && version !== 3) {
    const advice = version === 1 ? 'Version 1 has been out of use since 2023: convert the original model again.' : 'Update this program, or check the file.';
    cursor.fail('gguf-bad-version', `GGUF version ${version}; versions 2 and 3 are supported. ${advice}`, { version });
  }
  // The shortest tensor entry has a one-letter name and no dimension; the shortest pair a one-letter key and one byte of value.
  const tensorCount = cursor.count('the number of tensors', 8 + 1 + 4 + 4 + 8, largestCounts.tensors);
  const pairCount = cursor.count('the number of metadata pairs', 8 + 1 + 4 + 1, largestCounts.metadata);
  const values = new Map<string, GgufValue>();
  for (let i = 0; i < pairCount; i += 1) {
    const key = cursor.string('a metadata key', largestCounts.keyBytes);
    if (key === '') cursor.fail('gguf-empty-key', 'a metadata key is empty.');
    if (values.has(key)) cursor.fail('gguf-duplicate-key', `the metadata key ${key} stands twice.`, { key });
    values.set(key, readValue(cursor, key));
  }
  const alignment = readAlignment(cursor, values.get('general.alignment'));
  return { version, metadata: new GgufMetadata(values, file.path), tensors: readTensors(cursor, tensorCount, alignment, file) };
}

function beginning(size: number, magic: string): string {
  if (size < 4) return `it has ${size} bytes. Fetch it again.`;
  const found = `it begins with ${JSON.stringify(magic)} instead of "GGUF".`;
  // "version https://git-lfs.github.com/spec/v1"
  return magic === 'vers' && size < 1024 ? `${found} It seems to be a pointer of Git LFS: fetch the file itself by git lfs pull.` : `${found} Give a file that llama.cpp loads, or the model's Hugging Face folder.`;
}

function readAlignment(cursor: GgufCursor, entry: GgufValue | undefined): number {
  if (!entry) return 32;
  if (entry.type !== 'uint32') return cursor.fail('gguf-bad-alignment', `general.alignment must be a uint32, found ${entry.type}.`, { type: entry.type });
  const alignment = entry.value;
  if (alignment === 0 || (alignment & (alignment - 1)) !== 0 || alignment > largestAlignment) {
    cursor.fail('gguf-bad-alignment', `general.alignment is ${alignment}; a power of two up to ${largestAlignment} is expected.`, { alignment });
  }
  return alignment;
}

function readTensors(cursor: GgufCursor, count: number, alignment: number, file: RandomAccessFile): Map<string, GgufEntryInfo> {
  const relative = new Map<string, GgufEntryInfo>();
  let expected = 0;
  let last = 0;
  for (let i = 0; i < count; i += 1) {
    const name = cursor.string('a tensor name', largestCounts.stringBytes);
    const nameBytes = new TextEncoder().encode(name).byteLength;
    if (nameBytes === 0 || nameBytes > longestTensorName) {
      cursor.fail('gguf-bad-tensor-name', `the tensor name ${JSON.stringify(name.slice(0, 80))} has ${nameBytes} bytes; 1 to ${longestTensorName} are allowed.`, { nameBytes });
    }
    if (relative.has(name)) cursor.fail('gguf-duplicate-tensor', `tensor ${name} stands twice.`, { tensor: name });
    const dimensions = cursor.uint32(`the number of dimensions of ${name}`);
    if (dimensions > 4) cursor.fail('gguf-bad-dimensions', `tensor ${name} has ${dimensions} dimensions; at most 4 are allowed.`, { tensor: name, dimensions });
    const sizes: number[] = [];
    let elements = 1;
    for (let d = 0; d < dimensions; d += 1) {
      const size = cursor.int64(`the shape of ${name}`);
      if (size < 0n) cursor.fail('gguf-bad-shape', `tensor ${name} has the negative size ${size}.`, { tensor: name, size: String(size) });
      if (size > BigInt(Number.MAX_SAFE_INTEGER)) cursor.fail('gguf-shape-overflow', `tensor ${name} has the impossible size ${size}.`, { tensor: name, size: String(size) });
      sizes.push(Number(size));
      elements *= Number(size);
      if (!Number.isSafeInteger(elements)) cursor.fail('gguf-shape-overflow', `tensor ${name} [${sizes.join(', ')}] has more elements than any file.`, { tensor: name, sizes });
    }
    const typeId = cursor.uint32(`the type of ${name}`);
    const type = ggmlTypeById(typeId);
    if (!type) return cursor.fail('gguf-unknown-type', `tensor ${name} has the unknown or removed type ${typeId}.`, { tensor: name, typeId });
    if ((sizes[0] ?? 1) % type.blockElements !== 0) {
      cursor.fail('gguf-bad-shape', `tensor ${name}: rows of ${sizes[0]} elements are no whole number of ${type.name} blocks (${type.blockElements}).`, { tensor: name, sizes });
    }
    const byteLength = (elements / type.blockElements) * type.blockBytes;
    if (!Number.isSafeInteger(byteLength)) cursor.fail('gguf-shape-overflow', `tensor ${name} has more bytes than any file.`, { tensor: name });
    const offset = cursor.uint64(`the offset of ${name}`);
    if (offset !== BigInt(expected)) {
      cursor.fail('gguf-bad-offset', `tensor ${name} lies at data offset ${offset}, expected ${expected}: tensors must follow each other at the alignment of ${alignment}.`, {
        tensor: name,
        offset: String(offset),
        expected,
      });
    }
    last = expected + byteLength;
    expected = pad(last, alignment);
    if (!Number.isSafeInteger(expected)) cursor.fail('gguf-shape-overflow', 'the tensors together have more bytes than any file.', { tensor: name });
    // Slowest dimension first, as everywhere here; the file has it reversed.
    relative.set(name, { name, dtype: type.name, shape: sizes.reverse(), byteLength, begin: Number(offset) });
  }
  const dataStart = pad(cursor.position, alignment);
  if (count > 0 && dataStart + last > file.size) {
    cursor.fail('gguf-data-truncated', `the tensors end at byte ${dataStart + last}, the file has ${file.size}. It is cut short: fetch it again.`, {
      expected: dataStart + last,
      fileSize: file.size,
    });
  }
  return new Map([...relative].map(([name, tensor]) => [name, { ...tensor, begin: dataStart + tensor.begin }]));
}

function pad(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

const scalarBytes: Readonly<Record<GgufScalarType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  // The length alone.
  string: 8,
  uint64: 8,
  int64: 8,
  float64: 8,
};

function readValue(cursor: GgufCursor, key: string): GgufValue {
  const type = readType(cursor, key);
  if (type === 'array') {
    const elementType = readType(cursor, key);
    if (elementType === 'array') return cursor.fail('gguf-nested-array', `the metadata key ${key} is an array of arrays, which is not supported.`, { key });
    const count = cursor.count(`the length of the array ${key}`, scalarBytes[elementType], Number.MAX_SAFE_INTEGER);
    return { type, elementType, value: readArray(cursor, key, elementType, count) };
  }
  if (type === 'string') return { type, value: cursor.string(`the value of ${key}`, largestCounts.stringBytes) };
  if (type === 'bool') return { type, value: readBool(cursor, key) };
  const bytes = cursor.bytes(scalarBytes[type], `the value of ${key}`);
  const view = new DataView(bytes.buffer);
  switch (type) {
    case 'uint8':
      return { type, value: view.getUint8(0) };
    case 'int8':
      return { type, value: view.getInt8(0) };
    case 'uint16':
      return { type, value: view.getUint16(0, true) };
    case 'int16':
      return { type, value: view.getInt16(0, true) };
    case 'uint32':
      return { type, value: view.getUint32(0, true) };
    case 'int32':
      return { type, value: view.getInt32(0, true) };
    case 'float32':
      return { type, value: view.getFloat32(0, true) };
    case 'float64':
      return { type, value: view.getFloat64(0, true) };
    case 'uint64':
      return { type, value: exact(view.getBigUint64(0, true)) };
    case 'int64':
      return { type, value: exact(view.getBigInt64(0, true)) };
  }
}

function readType(cursor: GgufCursor, key: string) {
  const id = cursor.uint32(`the type of ${key}`);
  const type = ggufValueTypes[id];
  return type ?? cursor.fail('gguf-bad-value-type', `the metadata key ${key} has the unknown value type ${id}.`, { key, typeId: id });
}

function readBool(cursor: GgufCursor, key: string): boolean {
  const byte = cursor.uint8(`the value of ${key}`);
  if (byte > 1) cursor.fail('gguf-bad-bool', `the metadata key ${key} is a bool of ${byte}; 0 or 1 is expected.`, { key, byte });
  return byte === 1;
}

function readArray(cursor: GgufCursor, key: string, elementType: GgufScalarType, count: number): GgufArray {
  if (elementType === 'string') {
    const strings: string[] = [];
    for (let i = 0; i < count; i += 1) strings.push(cursor.string(`an element of ${key}`, largestCounts.stringBytes));
    return strings;
  }
  if (elementType === 'bool') {
    const booleans: boolean[] = [];
    for (let i = 0; i < count; i += 1) booleans.push(readBool(cursor, key));
    return booleans;
  }
  const { buffer } = cursor.bytes(count * scalarBytes[elementType], `the array ${key}`);
  switch (elementType) {
    case 'uint8':
      return new Uint8Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    case 'uint64':
      return new BigUint64Array(buffer);
    case 'int64':
      return new BigInt64Array(buffer);
  }
}

function exact(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
