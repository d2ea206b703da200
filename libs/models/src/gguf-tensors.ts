import { elementCount, type TensorInfo, type TensorSource } from '@tunesmith/checkpoints';
import type { GgufModel } from './gguf-model.js';
import { ggufValues } from './gguf-values.js';
import type { WeightName } from './model-family.js';
import { storedShape } from './published-tensors.js';

/** The tensors of a GGUF file under our names, decoded into float32 as they are read. */
export class GgufTensors implements TensorSource {
  readonly #weights: ReadonlyMap<string, WeightName>;

  constructor(private readonly model: GgufModel) {
    this.#weights = new Map(model.weights.map((weight) => [weight.huggingFace, weight]));
  }

  names(): Iterable<string> {
    return this.#weights.keys();
  }

  has(name: string): boolean {
    return this.#weights.has(name);
  }

  info(name: string): TensorInfo {
    const weight = this.#weight(name);
    return { name, dtype: 'F32', shape: storedShape(weight), byteLength: elementCount(weight.shape) * Float32Array.BYTES_PER_ELEMENT };
  }

  read(name: string): Promise<Uint8Array> {
    return ggufValues(this.model, this.#weight(name), 'float32');
  }

  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.model[Symbol.asyncDispose]();
  }

  #weight(name: string): WeightName {
    const weight = this.#weights.get(name);
    if (weight === undefined) throw new RangeError(`the GGUF file has no tensor ${name}`);
    return weight;
  }
}
