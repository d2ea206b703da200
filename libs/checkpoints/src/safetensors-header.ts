import { SafetensorsError } from './errors.js';
import { safetensorsBits } from './safetensors-types.js';
import { parseStrictJson, StrictJsonError, type StrictJson } from './strict-json.js';
import type { TensorInfo } from './tensor-source.js';

/** The format's own limit on the header, in bytes. */
export const largestSafetensorsHeader = 100_000_000;

/** A tensor of a safetensors file; `begin` counts from the start of the file. */
export interface SafetensorsEntryInfo extends TensorInfo {
  readonly begin: number;
}

/** What a header says, checked. */
export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntryInfo>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The length of the header from the file's first eight bytes, refused before anything is allocated for it. */
export function safetensorsHeaderLength(prefix: Uint8Array, fileSize: number, path: string): number {
  if (fileSize < 8 || prefix.byteLength < 8) {
    throw new SafetensorsError({
      code: 'safetensors-header-too-small',
      message: `${path} is no safetensors file: it has ${fileSize} bytes, and the length of the header alone takes 8.`,
      facts: { path, fileSize },
    });
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(largestSafetensorsHeader)) {
    throw new SafetensorsError({
      code: 'safetensors-header-too-large',
      message: `${path} announces a header of ${length} bytes; at most ${largestSafetensorsHeader} are allowed. ${whatItIs(prefix)}`,
      facts: { path, headerLength: String(length), limit: largestSafetensorsHeader },
    });
  }
  if (length > BigInt(fileSize - 8)) {
    throw new SafetensorsError({
      code: 'safetensors-header-truncated',
      message: `${path} announces a header of ${length} bytes, but only ${fileSize - 8} follow. The file is cut short: fetch it again.`,
      facts: { path, headerLength: Number(length), available: fileSize - 8 },
    });
  }
  return Number(length);
}

/**
 * Parses and checks a header after the rules of the safetensors crate: tensors lie one after another from the header's end to the file's
 * end, without holes or overlaps, and each has exactly the bytes that its type and shape need. Stricter than JSON.parse: duplicate keys,
 * unknown keys and numbers beyond 2^53 - 1 are refused.
 */
export function parseSafetensorsHeader(header: Uint8Array, fileSize: number, path: string): SafetensorsHeader {
  const dataStart = 8 + header.byteLength;
  const root = parseRoot(header, path);
  const metadata = new Map<string, string>();
  const found: SafetensorsEntryInfo[] = [];
  for (const [name, value] of root) {
    if (name === '__metadata__') readMetadata(value, metadata, path);
    else found.push(readTensor(name, value, dataStart, path));
  }
  found.sort((a, b) => a.begin - b.begin || a.byteLength - b.byteLength);
  let end = dataStart;
  for (const tensor of found) {
    if (tensor.begin !== end) {
      const kind = tensor.begin < end ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw new SafetensorsError({
        code: 'safetensors-bad-offsets',
        message: `${path}: tensor ${tensor.name} begins at data offset ${tensor.begin - dataStart}, expected ${end - dataStart}: it ${kind}.`,
        facts: { path, tensor: tensor.name, begin: tensor.begin - dataStart, expected: end - dataStart },
      });
    }
    end = tensor.begin + tensor.byteLength;
  }
  if (end !== fileSize) {
    const short = end > fileSize;
    throw new SafetensorsError({
      code: short ? 'safetensors-data-truncated' : 'safetensors-trailing-bytes',
      message: `${path}: the header describes ${end} bytes, the file has ${fileSize}. ${short ? 'It is cut short: fetch it again.' : 'Bytes that belong to no tensor are refused.'}`,
      facts: { path, expected: end, fileSize },
    });
  }
  return { tensors: new Map(found.map((tensor) => [tensor.name, tensor])), metadata };
}

function parseRoot(header: Uint8Array, path: string): Map<string, StrictJson> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch (cause) {
    throw new SafetensorsError({ code: 'safetensors-header-not-utf8', message: `${path}: the header is not UTF-8 text.`, facts: { path }, cause });
  }
  let root: StrictJson;
  try {
    root = parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof StrictJsonError)) throw cause;
    const code = { syntax: 'safetensors-header-not-json', 'duplicate-key': 'safetensors-duplicate-key', 'unsafe-integer': 'safetensors-unsafe-integer' }[cause.reason];
    throw new SafetensorsError({ code, message: `${path}: bad header: ${cause.message}.`, facts: { path, position: cause.position }, cause });
  }
  if (!(root instanceof Map)) {
    throw new SafetensorsError({ code: 'safetensors-header-not-json', message: `${path}: the header must be a JSON object.`, facts: { path } });
  }
  return root;
}

function readMetadata(value: StrictJson, metadata: Map<string, string>, path: string): void {
  const wrong = !(value instanceof Map) || [...value.values()].some((item) => typeof item !== 'string');
  if (wrong) {
    throw new SafetensorsError({ code: 'safetensors-bad-metadata', message: `${path}: __metadata__ must map text to text.`, facts: { path } });
  }
  for (const [key, item] of value) metadata.set(key, String(item));
}

const tensorKeys = new Set(['dtype', 'shape', 'data_offsets']);

function readTensor(name: string, value: StrictJson, dataStart: number, path: string): SafetensorsEntryInfo {
  const bad = (code: string, detail: string, facts: Record<string, unknown> = {}): never => {
    throw new SafetensorsError({ code, message: `${path}: tensor ${name}: ${detail}`, facts: { path, tensor: name, ...facts } });
  };
  if (!(value instanceof Map)) return bad('safetensors-bad-tensor', 'expected an object with dtype, shape and data_offsets.');
  for (const key of value.keys()) if (!tensorKeys.has(key)) bad('safetensors-bad-tensor', `unknown key ${JSON.stringify(key)}; only dtype, shape and data_offsets are known.`);
  const dtype = value.get('dtype');
  const shape = value.get('shape');
  const offsets = value.get('data_offsets');
  if (typeof dtype !== 'string') return bad('safetensors-bad-tensor', 'dtype must be text.');
  const bits = safetensorsBits.get(dtype);
  if (bits === undefined) return bad('safetensors-unknown-dtype', `unknown dtype ${JSON.stringify(dtype)}; known are ${[...safetensorsBits.keys()].join(', ')}.`, { dtype });
  if (!isNumbers(shape)) return bad('safetensors-bad-tensor', 'shape must be an array of whole numbers.');
  if (!isNumbers(offsets) || offsets.length !== 2) return bad('safetensors-bad-tensor', 'data_offsets must be an array of two whole numbers.');
  const totalBits = shape.reduce((product, size) => product * size, bits);
  // A product of safe integers that is itself safe was exact at every step: sizes only grow, except for a zero, which is exact too.
  if (!Number.isSafeInteger(totalBits)) return bad('safetensors-shape-overflow', `the shape [${shape.join(', ')}] describes more bytes than any file has.`, { shape });
  if (totalBits % 8 !== 0) return bad('safetensors-misaligned-bits', `${totalBits} bits of ${dtype} do not fill whole bytes.`, { shape, dtype });
  const [begin = 0, end = 0] = offsets;
  if (end < begin) return bad('safetensors-bad-offsets', `data_offsets end at ${end}, before they begin at ${begin}.`, { begin, end });
  if (end - begin !== totalBits / 8) {
    return bad('safetensors-size-mismatch', `${dtype} [${shape.join(', ')}] takes ${totalBits / 8} bytes, data_offsets give ${end - begin}.`, { shape, dtype, begin, end });
  }
  return { name, dtype, shape, byteLength: end - begin, begin: dataStart + begin };
}

function isNumbers(value: StrictJson | undefined): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

/** By its first eight bytes: what is often found under a weight file's name. */
function whatItIs(prefix: Uint8Array): string {
  const text = new TextDecoder().decode(prefix.subarray(0, 8));
  if (text === 'version ') return 'It is the pointer that Git LFS keeps in place of a large file: run git lfs pull where it was cloned.';
  if (text.startsWith('<')) return 'It is a web page: the download was answered with a message, such as that one has to log in. Look into it, and fetch the file again.';
  return 'It is damaged or no safetensors file.';
}
