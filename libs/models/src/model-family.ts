import type { GgufValue } from '@tunesmith/checkpoints';
import type { KeyValueCache, Module, PackedTokens, Parts } from '@tunesmith/nn';
import type { Tensor } from '@tunesmith/tensor';

/** What a model family must be. One object of this kind per folder, listed in `families.ts`. */
export interface ModelFamily<Config = unknown> {
  /** The folder's name, such as `llama`. */
  readonly name: string;
  /** The names that published configurations carry in `architectures`. */
  readonly architectures: readonly string[];
  /** The names that they carry in `model_type`, asked only where `architectures` is absent. */
  readonly modelTypes: readonly string[];
  /** Checks a config.json and fills published defaults. Throws ModelConfigError: unknown key, missing or wrong value, refused feature. */
  parseConfig(json: unknown): Config;
  /** Builds the model from parts. The weights of plain parts are uninitialised until something fills them (`loadModel`). */
  build(config: Config, parts: Parts): CausalLanguageModel;
  /** Of an encoder-decoder: the token that every row of its decoder begins with. Absent: the family reads no source. */
  decoderStartTokenId?(config: Config): number;
  /** How many positions have been learned, behind which there are none. Absent: rows may be of any length. */
  learnedPositions?(config: Config): number;
  readonly weights: FamilyWeights<Config>;
  /** Larger models, published as one folder, whose text model is of this family; an import takes it out. Absent: none. */
  readonly within?: readonly LargerModel[];
}

/** A model that reads more than text, as far as it has to be known to take its text model out: that has its configuration under `text_config`. */
export interface LargerModel {
  /** As in `ModelFamily`. */
  readonly architectures: readonly string[];
  readonly modelTypes: readonly string[];
  /** What its text model is called alone. */
  readonly text: { readonly architecture: string; readonly modelType: string };
  /** Keys beside `text_config` that say nothing about text. Those that are not here are the text model's too. */
  readonly ownKeys: readonly string[];
  /** From the names of the text model's tensors within the larger one to those that they have alone. */
  readonly spellings: NonNullable<FamilyWeights<unknown>['spellings']>;
  /** Tensors that an import leaves out, and what they are. */
  readonly leftOut: FamilyWeights<unknown>['ignored'];
}

/**
 * A language model over packed rows, each token after those before it in its row. An encoder-decoder is one too: its rows are the decoder's,
 * each beginning with the family's `decoderStartTokenId`, and what the encoder reads is the batch's `source`.
 */
export interface CausalLanguageModel extends Module {
  readonly vocabularySize: number;
  /** Whether batches need a `source`: encoder-decoders. Absent: no. */
  readonly readsSource?: boolean;
  /** The longest row up to which the keys of its tokens do not depend on how long it becomes, so that rows may share a beginning. Absent: any. */
  readonly beginningsSameUpTo?: number;
  /**
   * -> [tokens, hidden], after the final norm. With a cache, the batch continues the cache's rows, in its row order; a source belongs to the
   * first batch given with the cache and to no later one.
   */
  hidden(batch: PackedTokens, cache?: KeyValueCache): Tensor;
  /** The same pass step by step, for those who work between layers. Absent: encoder-decoders. */
  steps?(batch: PackedTokens, cache?: KeyValueCache): ForwardSteps;
  /** [tokens, hidden] -> [tokens, vocabulary] */
  logits(hidden: Tensor): Tensor;
  /** [vocabulary, hidden]; the embedding's own weight where the head is tied. */
  readonly outputWeight: Tensor;
  /** Multiplies or bounds the logits after the head: null, or the published `final_logit_softcapping`. */
  readonly logitSoftcap: number | null;
  /** An empty cache for `hidden`; dispose of it when done. */
  newCache(): KeyValueCache;
}

/** A forward pass that has been begun: `finish(layers.at(-1)(… layers[0](embedded)))`, each step once and in order. */
export interface ForwardSteps {
  /** [tokens, hidden], what the first layer reads. */
  readonly embedded: Tensor;
  /** One after another, each [tokens, hidden] -> [tokens, hidden]. */
  readonly layers: readonly ((x: Tensor) => Tensor)[];
  /** What is left after the last layer: the final norm. -> [tokens, hidden] */
  finish(x: Tensor): Tensor;
}

/** Foreign names and layouts to ours, as data. Our names are the Hugging Face names. */
export interface FamilyWeights<Config> {
  /** Every tensor that a checkpoint of this configuration holds, in file order. Tied heads are absent. */
  tensors(config: Config): readonly WeightName[];
  /** Names found in published checkpoints that carry no weights of ours, with the reason. */
  readonly ignored: readonly { readonly pattern: RegExp; readonly reason: string }[];
  /** Other spellings of our names in published checkpoints: what to replace by what; asked only for names that are not ours. */
  readonly spellings?: readonly { readonly pattern: RegExp; readonly replacement: string; readonly reason: string }[];
  readonly gguf: GgufMapping<Config>;
}

/** How one tensor is called in both formats, and how its values differ in GGUF. */
export interface WeightName {
  /** As in safetensors, with `.weight` or `.bias`; also the parameter's name in our module tree. */
  readonly huggingFace: string;
  /** Also where llama.cpp has no architecture for the family: the name then only tells what the tensor is for. */
  readonly gguf: string;
  /** Of our parameter, row-major; GGUF lists the same numbers reversed, safetensors has them as they are unless `stored` says otherwise. */
  readonly shape: readonly number[];
  /** `transposed`: safetensors holds this matrix as [in, out] (GPT-2's Conv1D). Absent: as our parameter. */
  readonly stored?: 'transposed';
  /** What GGUF did to the values; absent: nothing. */
  readonly transform?: WeightTransform;
  /** May be missing from a checkpoint. */
  readonly optional?: boolean;
  /**
   * GGUF holds `count` tensors of ours one under another in one of `[count, ...shape]`, this one in place `index`. They stand together in the
   * family's list, in order.
   */
  readonly stack?: { readonly index: number; readonly count: number };
  /** Stays float32 in every quantized GGUF file: routers, whose scores decide by small differences, and matrices too narrow for a block. */
  readonly keepFloat?: boolean;
}

/** What GGUF calls the shape: that of all parts where the tensor is stacked. */
export function ggufShape({ shape, stack }: WeightName): readonly number[] {
  return stack ? [stack.count, ...shape] : shape;
}

/**
 * `interleave-heads`: GGUF orders the rows of each head as pairs (2i, 2i + 1) where Hugging Face has halves (i, i + headDim / 2):
 * GGUF row `h * headDim + 2i + c` is our row `h * headDim + c * headDim / 2 + i`. Rows only, weight and bias alike.
 * `join-roles`: GGUF has the queries of all heads, then the keys, then the values, where Hugging Face has query, key and value of each head side by side:
 * GGUF row `(role * heads + h) * headDim + i` is our row `(h * 3 + role) * headDim + i`. Rows only, weight and bias alike.
 * `plus-one`: GGUF holds w + 1; add and subtract in float32, before any rounding.
 */
export type WeightTransform = { readonly kind: 'interleave-heads' | 'join-roles'; readonly heads: number } | { readonly kind: 'plus-one' };

/** The metadata half of the GGUF mapping. */
export interface GgufMapping<Config> {
  /** The value of `general.architecture`; null: llama.cpp has none, and the functions below refuse. */
  readonly architecture: string | null;
  /** Where families share an architecture: whether a file is of this one, by its metadata. Absent: every file. */
  serves?(get: (key: string) => unknown): boolean;
  /** As `FamilyWeights.ignored`, for the names of this format. */
  readonly ignored?: FamilyWeights<Config>['ignored'];
  /**
   * The config.json of a GGUF file, without `torch_dtype` and token ids. `get` gives the plain decoded value of a key;
   * `tensorShape` the Hugging Face order shape of a tensor or undefined; `ropeFactors` the values of `rope_freqs.weight` where the file has it, `longRopeFactors` those of
   * `rope_factors_short.weight` and `rope_factors_long.weight`.
   */
  configFromGguf(source: GgufConfigSource): Record<string, unknown>;
  /** Architecture keys only; general and tokenizer keys belong to the exporter. */
  metadataFromConfig(config: Config): Record<string, GgufValue>;
  /** Tensors that exist in GGUF only and follow from the configuration, such as llama3's `rope_freqs.weight`; always F32. */
  derivedTensors(config: Config): readonly { readonly name: string; readonly values: Float32Array }[];
}

export interface GgufConfigSource {
  get(key: string): unknown;
  tensorShape(ggufName: string): readonly number[] | undefined;
  readonly ropeFactors?: Float32Array;
  readonly longRopeFactors?: { readonly short: Float32Array; readonly long: Float32Array };
}
