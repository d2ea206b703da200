import type { TensorInfo, TensorSource } from '@tunesmith/checkpoints';
import { familyFor } from './families.js';
import type { FamilyWeights, WeightName } from './model-family.js';

/**
 * A checkpoint's tensors under our names, whatever spelling the file has. Shapes and values are those of the file: a matrix whose
 * `WeightName` says so lies transposed.
 */
export class PublishedTensors implements TensorSource {
  readonly #inFile = new Map<string, string>();
  readonly #weights: ReadonlyMap<string, WeightName>;

  constructor(
    private readonly source: TensorSource,
    weights: readonly WeightName[],
    spellings: FamilyWeights<never>['spellings'] = [],
  ) {
    this.#weights = new Map(weights.map((weight) => [weight.huggingFace, weight]));
    for (const name of source.names()) {
      const spelling = this.#weights.has(name) ? undefined : spellings.find(({ pattern }) => pattern.test(name));
      const ours = spelling ? name.replace(spelling.pattern, spelling.replacement) : name;
      // A file that has both spellings of one tensor shows the odd one under its own name, so that somebody refuses it.
      this.#inFile.set(source.has(ours) ? name : ours, name);
    }
  }

  names(): Iterable<string> {
    return this.#inFile.keys();
  }

  has(name: string): boolean {
    return this.#inFile.has(name);
  }

  info(name: string): TensorInfo {
    return { ...this.source.info(this.#inFile.get(name) ?? name), name };
  }

  read(name: string): Promise<Uint8Array> {
    return this.source.read(this.#inFile.get(name) ?? name);
  }

  locate(name: string): ReturnType<NonNullable<TensorSource['locate']>> {
    return this.source.locate?.(this.#inFile.get(name) ?? name);
  }

  /** Whether the matrix of this name lies the other way round than our parameter. */
  isTransposed(name: string): boolean {
    return this.#weights.get(name)?.stored === 'transposed';
  }

  close(): Promise<void> {
    return this.source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The tensors of a Hugging Face folder, by its config.json. Throws ModelConfigError. */
export function publishedTensors(configJson: unknown, source: TensorSource): PublishedTensors {
  const { parseConfig, weights } = familyFor(configJson);
  return new PublishedTensors(source, weights.tensors(parseConfig(configJson)), weights.spellings);
}

/** The shape of a weight in safetensors. */
export function storedShape({ shape, stored }: WeightName): readonly number[] {
  return stored === 'transposed' ? shape.toReversed() : shape;
}

/** Whether a folder with this config.json stores the matrix of this name (ours) transposed, as GPT-2 does. */
export function storesTransposed(configJson: unknown, name: string): boolean {
  const { parseConfig, weights } = familyFor(configJson);
  return weights.tensors(parseConfig(configJson)).some(({ huggingFace, stored }) => huggingFace === name && stored === 'transposed');
}
