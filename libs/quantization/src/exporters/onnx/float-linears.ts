import type { WeightReader } from '../weight-reader.js';
import type { DecoderPlan } from './decoder-plan.js';
import type { GraphBuilder } from './graph-builder.js';
import { modulePath, type LinearShape, type LinearWriter } from './linears.js';

/** Float32 throughout, from the standard operators Gather, MatMul and Add: the reference that the quantized graph is compared with. */
export class FloatLinears implements LinearWriter {
  readonly #embedding = 'model.embed_tokens.weight';

  constructor(
    private readonly plan: DecoderPlan,
    private readonly graph: GraphBuilder,
    private readonly weights: WeightReader,
  ) {}

  async linear(path: string, input: string, { inputs, outputs, bias }: LinearShape): Promise<string> {
    const product = await this.#multiply(path, input, inputs, outputs);
    if (!bias) return product;
    const name = `${modulePath(path)}.bias`;
    return this.graph.value(`${path}/Add`, 'Add', [product, await this.graph.tensor(name, 'float32', [outputs], bytesOf(await this.weights.values(name, [outputs])))]);
  }

  async embed(path: string, inputIds: string): Promise<string> {
    const { vocabularySize, hiddenSize } = this.plan;
    const pieces = this.weights.rows(this.#embedding, [vocabularySize, hiddenSize]);
    const table = await this.graph.tensor(this.#embedding, 'float32', [vocabularySize, hiddenSize], asBytes(pieces));
    return this.graph.value(`${path}/Gather`, 'Gather', [table, inputIds], { attributes: { axis: { int: 0 } } });
  }

  async head(path: string, input: string, output?: string): Promise<string> {
    const { vocabularySize, hiddenSize, tied } = this.plan;
    if (!tied) return this.#multiply(path, input, hiddenSize, vocabularySize, output);
    const transposed = this.graph.value(`${path}/Transpose`, 'Transpose', [this.#embedding], { attributes: { perm: { ints: [1, 0] } } });
    return this.graph.value(`${path}/MatMul`, 'MatMul', [input, transposed], { output });
  }

  async #multiply(path: string, input: string, inputs: number, outputs: number, output?: string): Promise<string> {
    const name = `${modulePath(path)}.weight`;
    const weight = await this.graph.tensor(name, 'float32', [inputs, outputs], bytesOf(await this.#transposed(name, inputs, outputs)));
    return this.graph.value(`${path}/MatMul`, 'MatMul', [input, weight], { output });
  }

  /** [outputs, inputs] as stored -> [inputs, outputs] as MatMul wants it. */
  async #transposed(name: string, inputs: number, outputs: number): Promise<Float32Array> {
    const transposed = new Float32Array(inputs * outputs);
    let firstRow = 0;
    for await (const piece of this.weights.rows(name, [outputs, inputs])) {
      const rows = piece.length / inputs;
      for (let column = 0; column < inputs; column += 1) {
        for (let row = 0; row < rows; row += 1) transposed[column * outputs + firstRow + row] = piece[row * inputs + column]!;
      }
      firstRow += rows;
    }
    return transposed;
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function* asBytes(pieces: AsyncIterable<Float32Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield bytesOf(piece);
}
