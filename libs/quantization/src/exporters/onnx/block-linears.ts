import { checkRowLength, encodeRows, type QuantizationScheme } from '../../schemes/quantization-scheme.js';
import type { WeightReader } from '../weight-reader.js';
import type { DecoderPlan } from './decoder-plan.js';
import type { GraphBuilder } from './graph-builder.js';
import { modulePath, type LinearShape, type LinearWriter } from './linears.js';
import type { Precision } from './precision.js';

const contrib = 'com.microsoft';
/** Activations are quantized to int8 by blocks as well: the fast path of every CPU. The float path is slower than no quantization at all for 8 bits. */
const accuracyLevel = 4;

interface QuantizedMatrix {
  readonly values: string;
  readonly scales: string;
  readonly scheme: QuantizationScheme;
}

/**
 * MatMulNBits for linears and head, GatherBlockQuantized for the embedding. A tied head and the embedding share their bytes on disk: two tensors of
 * the graph, one place in the data file.
 */
export class BlockLinears implements LinearWriter {
  #embedding: QuantizedMatrix | undefined;

  constructor(
    private readonly plan: DecoderPlan,
    private readonly graph: GraphBuilder,
    private readonly weights: WeightReader,
    private readonly precision: Precision,
  ) {}

  async linear(path: string, input: string, { inputs, outputs, bias }: LinearShape): Promise<string> {
    const matrix = await this.#matrix(modulePath(path), outputs, inputs, this.precision.linear(modulePath(path)));
    const biasName = `${modulePath(path)}.bias`;
    const biasTensor = bias ? await this.graph.tensor(biasName, 'float32', [outputs], bytesOf(await this.weights.values(biasName, [outputs]))) : undefined;
    return this.#multiply(path, input, matrix, outputs, inputs, { bias: biasTensor });
  }

  async embed(path: string, inputIds: string): Promise<string> {
    const { vocabularySize, hiddenSize } = this.plan;
    const matrix = await this.#matrix(modulePath(path), vocabularySize, hiddenSize, this.precision.table);
    this.#embedding = matrix;
    const { bits, blockSize } = attributesOf(matrix.scheme);
    // MatMulNBits has the blocks as a dimension, the gather does not; the bytes are the same.
    const flat = this.graph.view(`${matrix.values}.rows`, [vocabularySize, (hiddenSize * bits) / 8], matrix.values);
    return this.graph.value(`${path}/GatherBlockQuantized`, 'GatherBlockQuantized', [flat, inputIds, matrix.scales], {
      domain: contrib,
      attributes: { bits: { int: bits }, block_size: { int: blockSize }, gather_axis: { int: 0 }, quantize_axis: { int: 1 } },
    });
  }

  async head(path: string, input: string, output?: string): Promise<string> {
    const { vocabularySize, hiddenSize, tied } = this.plan;
    const matrix = tied ? this.#embedding! : await this.#matrix(modulePath(path), vocabularySize, hiddenSize, this.precision.table);
    return this.#multiply(path, input, matrix, vocabularySize, hiddenSize, { output });
  }

  #multiply(path: string, input: string, matrix: QuantizedMatrix, outputs: number, inputs: number, options: { bias?: string | undefined; output?: string | undefined }): string {
    const { bits, blockSize } = attributesOf(matrix.scheme);
    const operands = [input, matrix.values, matrix.scales];
    // Inputs 3 and 4 are zero points and a group index, which symmetric blocks do not have.
    if (options.bias !== undefined) operands.push('', '', options.bias);
    return this.graph.value(`${path}/MatMulNBits`, 'MatMulNBits', operands, {
      domain: contrib,
      attributes: { K: { int: inputs }, N: { int: outputs }, bits: { int: bits }, block_size: { int: blockSize }, accuracy_level: { int: accuracyLevel } },
      ...(options.output !== undefined && { output: options.output }),
    });
  }

  async #matrix(module: string, rows: number, columns: number, scheme: QuantizationScheme): Promise<QuantizedMatrix> {
    const { bits, blockSize } = attributesOf(scheme);
    checkRowLength(scheme, columns, `${module}.weight`);
    const blocksPerRow = columns / blockSize;
    const scaleBytes = new Uint8Array(rows * blocksPerRow * 4);
    let scalesFilled = 0;
    const pieces = this.weights.rows(`${module}.weight`, [rows, columns]);
    async function* levels(): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces) {
        const [packed, scales] = encodeRows(scheme, piece, columns, `${module}.weight`);
        scaleBytes.set(scales!, scalesFilled);
        scalesFilled += scales!.length;
        yield packed!;
      }
    }
    const values = await this.graph.tensor(`${module}.qweight`, 'uint8', [rows, blocksPerRow, (blockSize * bits) / 8], levels());
    const scales = await this.graph.tensor(`${module}.scales`, 'float32', [rows, blocksPerRow], scaleBytes);
    return { values, scales, scheme };
  }
}

function attributesOf({ name, matMulNBits }: QuantizationScheme): { bits: 4 | 8; blockSize: number } {
  if (matMulNBits === undefined) throw new Error(`scheme ${name} is not one of MatMulNBits`);
  return matMulNBits;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
