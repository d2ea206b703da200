import { AtomicFile } from './atomic-file.js';
import { GgufError } from './errors.js';
import { ggufValueTypes, type GgufArray, type GgufScalarType, type GgufValue } from './gguf-metadata.js';
import { ggmlTypeByName } from './gguf-types.js';

/** A tensor that will be written. The shape is slowest dimension first, as everywhere here. */
export interface GgufTensorPlan {
  readonly name: string;
  /** A ggml type name, such as `Q8_0`. */
  readonly type: string;
  readonly shape: readonly number[];
}

export interface GgufPlan {
  /** In the order written. `general.architecture` is expected by every reader; `general.alignment` follows from `alignment`. */
  readonly metadata: Readonly<Record<string, GgufValue>> | ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensorPlan[];
  /** Bytes; a power of two. Default 32. */
  readonly alignment?: number;
}

/**
 * Writes a GGUF v3 file, little-endian: the header at once, then the tensors' bytes one after another in the order of the plan. The file
 * appears when `finish` is called; without it (or after a failure) nothing stays. Throws GgufError for a plan that no reader would take,
 * FileWriteError (`disk-full`) where the disk refuses.
 */
export class GgufWriter implements AsyncDisposable {
  private next = 0;
  /** Bytes of the next tensor that are written already. */
  private filled = 0;

  private constructor(
    private readonly file: AtomicFile,
    private readonly tensors: readonly (GgufTensorPlan & { byteLength: number })[],
    private readonly alignment: number,
  ) {}

  static async create(path: string, { metadata, tensors, alignment = 32 }: GgufPlan): Promise<GgufWriter> {
    const sized = checkTensors(tensors);
    const header = encodeHeader(path, metadata, sized, alignment);
    const file = await AtomicFile.create(path);
    await file.write(header);
    return new GgufWriter(file, sized, alignment);
  }

  /** The next tensor of the plan, with exactly the bytes that its type and shape need. */
  async write(bytes: Uint8Array): Promise<void> {
    const tensor = this.tensors[this.next];
    if (!tensor) throw this.planError('gguf-too-many-tensors', `More tensors are written than the ${this.tensors.length} of the plan.`);
    if (bytes.byteLength !== tensor.byteLength) {
      throw this.planError('gguf-size-mismatch', `Tensor ${tensor.name}: ${tensor.type} [${tensor.shape.join(', ')}] takes ${tensor.byteLength} bytes, got ${bytes.byteLength}.`);
    }
    await this.append(bytes);
  }

  /** More bytes of the next tensor of the plan, up to its end; for tensors that do not exist whole at any time. */
  async append(bytes: Uint8Array): Promise<void> {
    const tensor = this.tensors[this.next];
    if (!tensor) throw this.planError('gguf-too-many-tensors', `More tensors are written than the ${this.tensors.length} of the plan.`);
    const filled = this.filled + bytes.byteLength;
    if (filled > tensor.byteLength) {
      throw this.planError('gguf-size-mismatch', `Tensor ${tensor.name}: ${tensor.type} [${tensor.shape.join(', ')}] takes ${tensor.byteLength} bytes, got at least ${filled}.`);
    }
    this.filled = filled === tensor.byteLength ? 0 : filled;
    if (filled === tensor.byteLength) this.next += 1;
    await this.file.write(bytes);
    if (this.filled === 0) await this.file.write(padding(this.file.position, this.alignment));
  }

  async finish(): Promise<void> {
    if (this.next !== this.tensors.length) throw this.planError('gguf-too-few-tensors', `${this.next} tensors were written, the plan has ${this.tensors.length}.`);
    await this.file.commit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.abort();
  }

  private planError(code: string, message: string): GgufError {
    return new GgufError({ code, message, facts: { path: this.file.path } });
  }
}

/** Writes a whole file from tensors as they come, in the order of the plan. */
export async function writeGguf(path: string, plan: GgufPlan, data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  await using writer = await GgufWriter.create(path, plan);
  for await (const bytes of data) await writer.write(bytes);
  await writer.finish();
}

function checkTensors(tensors: readonly GgufTensorPlan[]): (GgufTensorPlan & { byteLength: number })[] {
  const names = new Set<string>();
  return tensors.map((tensor) => {
    const type = ggmlTypeByName(tensor.type);
    const row = tensor.shape.at(-1) ?? 1;
    const elements = tensor.shape.reduce((product, size) => product * size, 1);
    const fault = !type
      ? `unknown type ${tensor.type}`
      : names.has(tensor.name)
        ? 'given twice'
        : new TextEncoder().encode(tensor.name).byteLength > 63 || tensor.name === ''
          ? 'the name must have 1 to 63 bytes'
          : tensor.shape.length > 4 || !Number.isSafeInteger(elements) || !tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0)
            ? `the shape [${tensor.shape.join(', ')}] cannot be stored`
            : row % type.blockElements !== 0
              ? `rows of ${row} elements are no whole number of ${type.name} blocks (${type.blockElements})`
              : undefined;
    if (fault || !type) throw new GgufError({ code: 'gguf-bad-plan', message: `Tensor ${tensor.name}: ${fault}.`, facts: { tensor: tensor.name } });
    names.add(tensor.name);
    return { ...tensor, byteLength: (elements / type.blockElements) * type.blockBytes };
  });
}

function encodeHeader(path: string, metadata: GgufPlan['metadata'], tensors: readonly (GgufTensorPlan & { byteLength: number })[], alignment: number): Uint8Array {
  if (!Number.isInteger(alignment) || alignment < 1 || alignment > 1 << 20 || (alignment & (alignment - 1)) !== 0) {
    throw new GgufError({ code: 'gguf-bad-alignment', message: `${path}: the alignment must be a power of two up to ${1 << 20}, got ${alignment}.`, facts: { alignment } });
  }
  const pairs = new Map<string, GgufValue>(metadata instanceof Map ? metadata : Object.entries(metadata));
  pairs.delete('general.alignment');
  if (alignment !== 32) pairs.set('general.alignment', { type: 'uint32', value: alignment });
  const out = new ByteSink();
  out.bytes(new TextEncoder().encode('GGUF'));
  out.scalar('uint32', 3, 'the version');
  out.scalar('uint64', tensors.length, 'the number of tensors');
  out.scalar('uint64', pairs.size, 'the number of metadata pairs');
  for (const [key, value] of pairs) {
    out.scalar('string', key, key);
    out.scalar('uint32', ggufValueTypes.indexOf(value.type), key);
    if (value.type !== 'array') out.scalar(value.type, value.value, key);
    else out.array(value.elementType, value.value, key);
  }
  let offset = 0;
  for (const { name, type, shape, byteLength } of tensors) {
    out.scalar('string', name, name);
    out.scalar('uint32', shape.length, name);
    for (const size of [...shape].reverse()) out.scalar('uint64', size, name);
    out.scalar('uint32', ggmlTypeByName(type)!.id, name);
    out.scalar('uint64', offset, name);
    offset += Math.ceil(byteLength / alignment) * alignment;
  }
  out.bytes(padding(out.length, alignment));
  return out.take();
}

function padding(position: number, alignment: number): Uint8Array {
  return new Uint8Array((alignment - (position % alignment)) % alignment);
}

const integerRanges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  uint8: [0n, 255n],
  int8: [-128n, 127n],
  uint16: [0n, 65535n],
  int16: [-32768n, 32767n],
  uint32: [0n, 0xffffffffn],
  int32: [-0x80000000n, 0x7fffffffn],
  uint64: [0n, 0xffffffffffffffffn],
  int64: [-0x8000000000000000n, 0x7fffffffffffffffn],
};

/** A growing buffer that knows GGUF's scalars. Values that do not fit their type are refused, never wrapped. */
class ByteSink {
  private buffer = new Uint8Array(1 << 16);
  length = 0;

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength).set(bytes);
  }

  scalar(type: GgufScalarType, value: number | bigint | string | boolean, what: string): void {
    if (type === 'string' && typeof value === 'string') {
      const bytes = new TextEncoder().encode(value);
      this.scalar('uint64', bytes.byteLength, what);
      return this.bytes(bytes);
    }
    if (type === 'bool' && typeof value === 'boolean') return void (this.reserve(1)[0] = value ? 1 : 0);
    if ((type === 'float32' || type === 'float64') && typeof value === 'number') {
      const size = type === 'float32' ? 4 : 8;
      const target = this.reserve(size);
      const view = new DataView(target.buffer, target.byteOffset, size);
      return type === 'float32' ? view.setFloat32(0, value, true) : view.setFloat64(0, value, true);
    }
    const range = integerRanges[type];
    const integer = typeof value === 'bigint' ? value : typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined;
    if (!range || integer === undefined || integer < range[0] || integer > range[1]) {
      throw new GgufError({ code: 'gguf-bad-value', message: `${what}: ${String(value)} cannot be written as ${type}.`, facts: { key: what, type } });
    }
    const size = Number(/\d+/.exec(type)![0]) / 8;
    const target = this.reserve(size);
    for (let i = 0; i < size; i += 1) target[i] = Number((integer >> BigInt(8 * i)) & 0xffn);
  }

  array(elementType: GgufScalarType, values: GgufArray, what: string): void {
    this.scalar('uint32', ggufValueTypes.indexOf(elementType), what);
    this.scalar('uint64', values.length, what);
    for (const value of values) this.scalar(elementType, value, what);
  }

  take(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(size: number): Uint8Array {
    if (this.length + size > this.buffer.byteLength) {
      const larger = new Uint8Array(Math.max(this.buffer.byteLength * 2, this.length + size));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    const target = this.buffer.subarray(this.length, this.length + size);
    this.length += size;
    return target;
  }
}
