import { SafetensorsError } from './errors.js';
import { largestSafetensorsHeader } from './safetensors-header.js';
import { safetensorsBits } from './safetensors-types.js';

/** A tensor that is to be stored. */
export interface SizedTensor {
  readonly name: string;
  /** As safetensors calls it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** A tensor and where its bytes will lie, from the start of the file. */
export interface PlacedBytes extends SizedTensor {
  readonly begin: number;
}

export interface ShardPlan {
  /** Such as `model-00001-of-00002.safetensors`. */
  readonly fileName: string;
  readonly header: Uint8Array;
  readonly byteLength: number;
  readonly tensors: readonly PlacedBytes[];
}

/**
 * Where everything of a set of tensors will lie, before any of them exists: for those who write tensors in any order, each once, into files whose
 * headers are there first. Throws SafetensorsError for wrong entries.
 */
export function planSafetensors(
  tensors: Iterable<Omit<SizedTensor, 'byteLength'>>,
  { stem = 'model', metadata = { format: 'pt' }, maxShardBytes = 5_000_000_000 }: { stem?: string; metadata?: Readonly<Record<string, string>>; maxShardBytes?: number } = {},
): { readonly shards: readonly ShardPlan[]; /** The content of `STEM.safetensors.index.json`, where there is more than one file. */ readonly index: Readonly<Record<string, unknown>> | undefined } {
  const sized = new Map<string, SizedTensor>();
  for (const tensor of tensors) {
    if (sized.has(tensor.name)) throw duplicateTensor(tensor.name);
    sized.set(tensor.name, { ...tensor, byteLength: safetensorsBytes(tensor) });
  }
  const divided = divideIntoShards([...sized.values()].sort(safetensorsOrder), maxShardBytes);
  const names = shardNames(stem, divided.length);
  const shards = divided.map((shard, index) => {
    const header = safetensorsHeader(shard, metadata, names[index]!);
    let begin = header.byteLength;
    const placed = shard.map((tensor) => {
      const place = { ...tensor, begin };
      begin += tensor.byteLength;
      return place;
    });
    return { fileName: names[index]!, header, byteLength: begin, tensors: placed };
  });
  return { shards, index: divided.length > 1 ? safetensorsIndex(divided, names) : undefined };
}

/** How many bytes a tensor takes. Throws SafetensorsError for a dtype or shape that cannot be stored. */
export function safetensorsBytes({ name, dtype, shape }: Omit<SizedTensor, 'byteLength'>): number {
  const bits = safetensorsBits.get(dtype);
  if (bits === undefined) throw new SafetensorsError({ code: 'safetensors-unknown-dtype', message: `Tensor ${name}: unknown dtype ${dtype}.`, facts: { tensor: name, dtype } });
  if (name === '__metadata__') throw duplicateTensor(name);
  const totalBits = shape.reduce((product, size) => product * size, bits);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(totalBits) || totalBits % 8 !== 0) {
    throw new SafetensorsError({ code: 'safetensors-bad-shape', message: `Tensor ${name}: the shape [${shape.join(', ')}] of ${dtype} cannot be stored.`, facts: { tensor: name, shape } });
  }
  return totalBits / 8;
}

export function duplicateTensor(name: string): SafetensorsError {
  return new SafetensorsError({ code: 'safetensors-duplicate-tensor', message: `Tensor ${name} is given twice, or its name is reserved.`, facts: { tensor: name } });
}

/** Larger elements first keeps every tensor aligned to its own element; then by name, as the reference writer does. */
export function safetensorsOrder(one: SizedTensor, other: SizedTensor): number {
  return safetensorsBits.get(other.dtype)! - safetensorsBits.get(one.dtype)! || (one.name < other.name ? -1 : 1);
}

/** The names of `count` files: `STEM.safetensors`, or numbered ones. */
export function shardNames(stem: string, count: number): string[] {
  const number = (value: number): string => String(value).padStart(5, '0');
  return count === 1 ? [`${stem}.safetensors`] : Array.from({ length: count }, (_, index) => `${stem}-${number(index + 1)}-of-${number(count)}.safetensors`);
}

/** The content of the file that says which tensor lies in which file. */
export function safetensorsIndex(shards: readonly (readonly SizedTensor[])[], fileNames: readonly string[]): Readonly<Record<string, unknown>> {
  const total = shards.flat().reduce((sum, { byteLength }) => sum + byteLength, 0);
  const places = shards.flatMap((shard, index) => shard.map(({ name }) => [name, fileNames[index]!] as const));
  return { metadata: { total_size: total }, weight_map: Object.fromEntries(places.sort(([one], [other]) => (one < other ? -1 : 1))) };
}

/** The header of a file that holds these tensors in this order, the eight bytes of its length included, padded to eight bytes. */
export function safetensorsHeader(tensors: readonly SizedTensor[], metadata: Readonly<Record<string, string>>, path: string): Uint8Array {
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) parts.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let offset = 0;
  for (const { name, dtype, shape, byteLength } of tensors) {
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, offset + byteLength] })}`);
    offset += byteLength;
  }
  const text = new TextEncoder().encode(`{${parts.join(',')}}`);
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > largestSafetensorsHeader) {
    throw new SafetensorsError({
      code: 'safetensors-header-too-large',
      message: `The header of ${path} would take ${length} bytes; the format allows ${largestSafetensorsHeader}. Write more, smaller shards.`,
      facts: { path, headerLength: length, limit: largestSafetensorsHeader },
    });
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

/** Files of at most `maxShardBytes` of data each, unless one tensor has more. */
export function divideIntoShards<Tensor extends SizedTensor>(tensors: readonly Tensor[], maxShardBytes: number): Tensor[][] {
  const shards: Tensor[][] = [[]];
  let size = 0;
  for (const tensor of tensors) {
    if (size > 0 && size + tensor.byteLength > maxShardBytes) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1)!.push(tensor);
    size += tensor.byteLength;
  }
  return shards;
}
