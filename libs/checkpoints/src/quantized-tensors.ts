import { ModelFolderError } from './errors.js';
import { float32FromBfloat16, float32FromFloat16 } from './float-conversion.js';
import type { WeightPacking } from './quantization-config.js';
import type { SafetensorsSource } from './safetensors-reader.js';
import type { TensorInfo } from './tensor-source.js';
import { unpackLevels } from './unpack-levels.js';

/** Tensors that only serve to decode a weight, by format. */
const companions: Readonly<Record<WeightPacking['format'], readonly string[]>> = {
  gptq: ['qzeros', 'scales', 'g_idx'],
  'pack-quantized': ['weight_scale', 'weight_zero_point', 'weight_shape', 'weight_g_idx'],
  'int-quantized': ['weight_scale', 'weight_zero_point'],
};
const packedName: Readonly<Record<WeightPacking['format'], string>> = { gptq: 'qweight', 'pack-quantized': 'weight_packed', 'int-quantized': 'weight' };

/**
 * The tensors of a folder with packed linears, as if they had never been packed: `X.weight` in float32 is (level − zero) · scale. All other tensors are those of the folder.
 * A packed tensor whose companions are missing or of other shapes: ModelFolderError `model-folder-bad-quantization`, when it is asked for.
 */
export class QuantizedTensors implements SafetensorsSource {
  /** Our name of each tensor, and the module whose packed weight it is. */
  readonly #modules = new Map<string, string | undefined>();

  private constructor(
    private readonly source: SafetensorsSource,
    private readonly packing: WeightPacking,
    modules: readonly string[],
    /** Those that the packed tensors do not show: rows may be filled up to whole words. */
    private readonly shapes: ReadonlyMap<string, readonly [rows: number, columns: number]>,
  ) {
    const hidden = new Set(modules.flatMap((module) => [packedName[packing.format], ...companions[packing.format]].map((name) => `${module}.${name}`)));
    for (const name of source.names()) if (!hidden.has(name)) this.#modules.set(name, undefined);
    for (const module of modules) this.#modules.set(`${module}.weight`, module);
  }

  static async open(source: SafetensorsSource, packing: WeightPacking): Promise<QuantizedTensors> {
    const packed = `.${packedName[packing.format]}`;
    const isPacked = (name: string): boolean => name.endsWith(packed) && (packing.format !== 'int-quantized' || source.has(`${name}_scale`));
    const modules = [...source.names()].filter(isPacked).map((name) => name.slice(0, -packed.length));
    const shapes = new Map<string, readonly [number, number]>();
    if (packing.format === 'pack-quantized') for (const module of modules) shapes.set(module, await packedShape(source, module, packing.bits));
    return new QuantizedTensors(source, packing, modules, shapes);
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.source.metadata;
  }

  get files(): readonly string[] {
    return this.source.files;
  }

  names(): Iterable<string> {
    return this.#modules.keys();
  }

  has(name: string): boolean {
    return this.#modules.has(name);
  }

  info(name: string): TensorInfo {
    const module = this.#modules.get(name);
    if (module === undefined) return this.source.info(name);
    const [rows, columns] = this.#shape(module);
    return { name, dtype: 'F32', shape: this.#transposed ? [columns, rows] : [rows, columns], byteLength: rows * columns * 4 };
  }

  async read(name: string): Promise<Uint8Array> {
    const module = this.#modules.get(name);
    if (module === undefined) return this.source.read(name);
    return new Uint8Array((this.packing.format === 'gptq' ? await this.#decodeGptq(module, this.packing) : await this.#decodeCompressed(module)).buffer);
  }

  locate(name: string): ReturnType<NonNullable<SafetensorsSource['locate']>> {
    return this.#modules.get(name) === undefined ? this.source.locate?.(name) : undefined;
  }

  close(): Promise<void> {
    return this.source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #transposed(): boolean {
    return this.packing.format === 'gptq' && this.packing.transposed;
  }

  /** [out, in] */
  #shape(module: string): readonly [rows: number, columns: number] {
    if (this.packing.format === 'pack-quantized') return this.shapes.get(module)!;
    const [first = 0, second = 0] = this.source.info(`${module}.${packedName[this.packing.format]}`).shape;
    return this.packing.format === 'gptq' ? [second, (first * 32) / this.packing.bits] : [first, second];
  }

  async #decodeGptq(module: string, { bits, zeroOffset, transposed }: Extract<WeightPacking, { format: 'gptq' }>): Promise<Float32Array> {
    const [rows, columns] = this.#shape(module);
    const [scales, scaleShape] = await this.#floats(`${module}.scales`);
    const groups = scaleShape[0] ?? 1;
    if (scaleShape[1] !== rows || columns % groups !== 0) throw broken(module, `scales [${scaleShape.join(', ')}] for a weight of [${rows}, ${columns}]`);
    const levels = unpackLevels(await this.#integers(`${module}.qweight`), bits, columns, rows); // [in, out]
    const packedZeros = await this.#integers(`${module}.qzeros`);
    const zeroWords = packedZeros.length / groups;
    const zeros = Array.from({ length: groups }, (_, group) => unpackLevels(packedZeros.subarray(group * zeroWords, (group + 1) * zeroWords), bits, rows, 1));
    const groupOf = this.source.has(`${module}.g_idx`) ? await this.#integers(`${module}.g_idx`) : undefined;
    const values = new Float32Array(rows * columns);
    for (let column = 0; column < columns; column += 1) {
      const group = groupOf?.[column] ?? Math.floor(column / (columns / groups));
      const zero = zeros[group];
      if (zero === undefined) throw broken(module, `a column in group ${group} of ${groups}`);
      for (let row = 0; row < rows; row += 1) {
        values[transposed ? column * rows + row : row * columns + column] = (levels[column * rows + row]! - zero[row]! - zeroOffset) * scales[group * rows + row]!;
      }
    }
    return values;
  }

  async #decodeCompressed(module: string): Promise<Float32Array> {
    const [rows, columns] = this.#shape(module);
    const [scales, scaleShape] = await this.#floats(`${module}.weight_scale`);
    const groups = scaleShape[1] ?? 1;
    if (scaleShape[0] !== rows || columns % groups !== 0) throw broken(module, `weight_scale [${scaleShape.join(', ')}] for a weight of [${rows}, ${columns}]`);
    const groupOf = this.source.has(`${module}.weight_g_idx`) ? await this.#integers(`${module}.weight_g_idx`) : undefined;
    const { levelsOfRow, zeros } = this.packing.format === 'pack-quantized' ? await this.#packed(module, rows, columns, groups, this.packing.bits) : await this.#plain(module, columns);
    const values = new Float32Array(rows * columns);
    const size = columns / groups;
    for (let row = 0; row < rows; row += 1) {
      const levels = levelsOfRow(row);
      for (let column = 0; column < columns; column += 1) {
        const group = row * groups + (groupOf?.[column] ?? Math.floor(column / size));
        values[row * columns + column] = (levels[column]! - zeros(group)) * scales[group]!;
      }
    }
    return values;
  }

  async #packed(module: string, rows: number, columns: number, groups: number, bits: number): Promise<DecodedLevels> {
    const words = await this.#integers(`${module}.weight_packed`);
    const rowWords = words.length / rows;
    // Zero points are packed downwards, over the rows.
    const zeros = this.source.has(`${module}.weight_zero_point`) ? unpackLevels(await this.#integers(`${module}.weight_zero_point`), bits, rows, groups) : undefined;
    return { levelsOfRow: (row) => unpackLevels(words.subarray(row * rowWords, (row + 1) * rowWords), bits, columns, 1), zeros: (group) => zeros?.[group] ?? 1 << (bits - 1) };
  }

  async #plain(module: string, columns: number): Promise<DecodedLevels> {
    if (this.source.info(`${module}.weight`).dtype !== 'I8') throw broken(module, `a weight of type ${this.source.info(`${module}.weight`).dtype}; expected I8`);
    const read = async (name: string) => {
      const bytes = await this.source.read(name);
      return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    };
    const levels = await read(`${module}.weight`);
    const zeros = this.source.has(`${module}.weight_zero_point`) ? await read(`${module}.weight_zero_point`) : undefined;
    return { levelsOfRow: (row) => levels.subarray(row * columns, (row + 1) * columns), zeros: (group) => zeros?.[group] ?? 0 };
  }

  async #integers(name: string): Promise<Int32Array> {
    if (!this.source.has(name) || this.source.info(name).dtype !== 'I32') throw broken(name, 'is missing or not I32');
    const bytes = await this.source.read(name);
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }

  async #floats(name: string): Promise<[values: Float32Array, shape: readonly number[]]> {
    if (!this.source.has(name)) throw broken(name, 'is missing');
    const { dtype, shape } = this.source.info(name);
    const { buffer, byteOffset, byteLength } = await this.source.read(name);
    if (dtype === 'F32') return [new Float32Array(buffer, byteOffset, byteLength / 4), shape];
    if (dtype === 'F16') return [float32FromFloat16(new Uint16Array(buffer, byteOffset, byteLength / 2)), shape];
    if (dtype === 'BF16') return [float32FromBfloat16(new Uint16Array(buffer, byteOffset, byteLength / 2)), shape];
    throw broken(name, `is of type ${dtype}; expected F16, BF16 or F32`);
  }

}

/** weight_shape of compressed-tensors, checked against the words that hold the rows. */
async function packedShape(source: SafetensorsSource, module: string, bits: number): Promise<readonly [number, number]> {
  const name = `${module}.weight_shape`;
  if (!source.has(name) || source.info(name).dtype !== 'I64' || source.info(name).byteLength !== 16) throw broken(name, 'is missing or not two I64');
  const bytes = await source.read(name);
  const [rows = 0, columns = 0] = Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, 2), Number);
  const [first, words] = source.info(`${module}.weight_packed`).shape;
  if (rows !== first || Math.ceil((columns * bits) / 32) !== words) throw broken(name, `[${rows}, ${columns}] for packed words [${String(first)}, ${String(words)}]`);
  return [rows, columns];
}

function broken(tensor: string, problem: string): ModelFolderError {
  return new ModelFolderError({ code: 'model-folder-bad-quantization', message: `${tensor}: ${problem}. The quantized weights are damaged, or their quantization_config is that of another model.`, facts: { tensor, problem } });
}

interface DecodedLevels {
  readonly levelsOfRow: (row: number) => ArrayLike<number>;
  /** By row · groups + group. */
  readonly zeros: (group: number) => number;
}
