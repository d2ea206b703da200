import {
  EncoderDecoderCache,
  gateActivation,
  LinearGroup,
  Module,
  project,
  relativePositionBias,
  rowAttention,
  rowBeginnings,
  rowLengths,
  type Embedding,
  type GateActivation,
  type KeyValueCache,
  type LayerMemory,
  type LinearLike,
  type PackedKeys,
  type PackedTokens,
  type Parts,
  type RelativePositionSettings,
  type RmsNorm,
  type RowSlots,
} from '@tunesmith/nn';
import { ops, scope, TunesmithError, type Tensor } from '@tunesmith/tensor';
import { expectSource } from '../expect-source.js';
import type { CausalLanguageModel } from '../model-family.js';
import type { T5Config } from './config.js';

/**
 * T5 (arXiv 1910.10683), 1.1 and Flan-T5 (2210.11416): an encoder that looks both ways over each source, and a decoder that looks back over
 * its row and at all of its source. Positions are learned numbers by distance, added to scores that are not scaled. Rows are packed: "tokens"
 * below are those of all rows, "source tokens" those of all sources.
 */
export class T5Model extends Module implements CausalLanguageModel {
  readonly vocabularySize: number;
  readonly readsSource = true;
  readonly logitSoftcap = null;
  private readonly embedding: Embedding;
  private readonly encoder: T5Encoder;
  private readonly decoder: T5Decoder;
  private readonly head: LinearLike | null;

  constructor(
    private readonly config: T5Config,
    parts: Parts,
  ) {
    super('');
    this.vocabularySize = config.vocab_size;
    this.embedding = this.add(parts.embedding('shared', config.vocab_size, config.d_model));
    this.encoder = this.add(new T5Encoder('encoder', config, parts));
    this.decoder = this.add(new T5Decoder('decoder', config, parts));
    this.head = config.tie_word_embeddings ? null : this.add(parts.linear('lm_head', config.d_model, config.vocab_size));
  }

  get outputWeight(): Tensor {
    return this.head?.weight ?? this.embedding.weight;
  }

  hidden(batch: PackedTokens, cache?: KeyValueCache): Tensor {
    const memory = ownCache(cache);
    expectSource(this, batch, { remembered: memory !== undefined && memory.rows > 0 });
    const source = batch.source && this.readSource(batch.source, batch.boundaries);
    const decoded = this.decoder.forward(this.embedding.forward(batch.tokenIds, batch.boundaries), batch.boundaries, source, memory); // [tokens, model]
    // A tied head was never trained at the embedding's own scale. Here rather than in the head, so that fused losses see it.
    return this.config.scale_decoder_outputs ? ops.mulScalar(decoded, this.config.d_model ** -0.5) : decoded;
  }

  logits(hidden: Tensor): Tensor {
    return project(hidden, this.outputWeight); // [tokens, vocabulary]
  }

  newCache(): EncoderDecoderCache {
    const { num_decoder_layers, num_heads, d_kv } = this.config;
    return new EncoderDecoderCache({ layers: num_decoder_layers, keyValueHeads: num_heads, headDim: d_kv });
  }

  private readSource({ tokenIds, boundaries }: PackedTokens, rowBoundaries: readonly number[]): EncodedSource {
    if (boundaries.length !== rowBoundaries.length) {
      const [rows, sources] = [rowBoundaries.length - 1, boundaries.length - 1];
      throw new TunesmithError({ message: `Expected one source for each of ${rows} rows, got ${sources}.`, code: 'batch-sources', facts: { rows, sources } });
    }
    return { states: this.encoder.forward(this.embedding.forward(tokenIds, boundaries), boundaries), boundaries };
  }
}

/** What the decoder looks at: [source tokens, model], after the encoder's final norm. */
interface EncodedSource {
  readonly states: Tensor;
  readonly boundaries: readonly number[];
}

class T5Encoder extends Module {
  private readonly blocks: T5EncoderBlock[];
  private readonly norm: RmsNorm;
  private readonly positions: RelativePositionSettings;

  constructor(path: string, config: T5Config, parts: Parts) {
    super(path);
    this.blocks = Array.from({ length: config.num_layers }, (_, index) => this.add(new T5EncoderBlock(`${path}.block.${index}`, config, parts, index === 0)));
    this.norm = this.add(parts.rmsNorm(`${path}.final_layer_norm`, config.d_model, { epsilon: config.layer_norm_epsilon }));
    this.positions = positionSettings(config, true);
  }

  forward(embedded: Tensor, boundaries: readonly number[]): Tensor {
    const table = positionTable(this.blocks);
    const biases = eachOnce(rowLengths(boundaries), (length) => relativePositionBias(table, this.positions, { length })); // [heads, length, length] of each row
    let x = embedded; // [source tokens, model]
    for (const block of this.blocks) x = scope(() => block.forward(x, boundaries, biases)); // [source tokens, model]
    return this.norm.forward(x);
  }
}

class T5EncoderBlock extends Module {
  readonly attention: T5SelfAttention;
  private readonly attentionNorm: RmsNorm;
  private readonly network: T5Network;
  private readonly networkNorm: RmsNorm;

  constructor(path: string, config: T5Config, parts: Parts, holdsPositions: boolean) {
    super(path);
    const { d_model, layer_norm_epsilon: epsilon } = config;
    this.attention = this.add(new T5SelfAttention(`${path}.layer.0.SelfAttention`, config, parts, holdsPositions));
    this.attentionNorm = this.add(parts.rmsNorm(`${path}.layer.0.layer_norm`, d_model, { epsilon }));
    this.network = this.add(new T5Network(`${path}.layer.1.DenseReluDense`, config, parts));
    this.networkNorm = this.add(parts.rmsNorm(`${path}.layer.1.layer_norm`, d_model, { epsilon }));
  }

  forward(x: Tensor, boundaries: readonly number[], biases: readonly Tensor[]): Tensor {
    const attended = ops.add(x, this.attention.forward(this.attentionNorm.forward(x), { boundaries, biases }));
    return ops.add(attended, this.network.forward(this.networkNorm.forward(attended)));
  }
}

class T5Decoder extends Module {
  private readonly blocks: T5DecoderBlock[];
  private readonly norm: RmsNorm;
  private readonly positions: RelativePositionSettings;

  constructor(path: string, config: T5Config, parts: Parts) {
    super(path);
    this.blocks = Array.from({ length: config.num_decoder_layers }, (_, index) => this.add(new T5DecoderBlock(`${path}.block.${index}`, config, parts, index === 0)));
    this.norm = this.add(parts.rmsNorm(`${path}.final_layer_norm`, config.d_model, { epsilon: config.layer_norm_epsilon }));
    this.positions = positionSettings(config, false);
  }

  forward(embedded: Tensor, boundaries: readonly number[], source: EncodedSource | undefined, cache: EncoderDecoderCache | undefined): Tensor {
    const pass = { boundaries, source, ...this.biases(boundaries, cache) };
    let x = embedded; // [tokens, model]
    this.blocks.forEach((block, index) => {
      x = scope(() => block.forward(x, pass, cache?.memory(index))); // [tokens, model]
    });
    if (source) cache?.begin(boundaries, source.boundaries);
    else cache?.advance(boundaries);
    return this.norm.forward(x);
  }

  /** Of every row by itself, or, where each continues a cache by one token, of all rows at once. */
  private biases(boundaries: readonly number[], cache: EncoderDecoderCache | undefined): Pick<DecoderPass, 'biases' | 'next'> {
    const table = positionTable(this.blocks);
    const added = rowLengths(boundaries);
    const held = cache?.lengths ?? [];
    if (!cache || held.length === 0 || added.some((length) => length > 1)) {
      // Rows of equal lengths that continue equally long ones share a bias.
      const kinds = added.map((length, row) => `${held[row] ?? 0} ${length}`);
      const biases = eachOnce(kinds, (kind) => {
        const [past = 0, length = 0] = kind.split(' ').map(Number);
        return relativePositionBias(table, this.positions, { past, length }); // [heads, length, past + length]
      });
      return { biases, next: null };
    }
    const lengths = held.map((length) => length + 1);
    // Rows end together, so a distance from the newest token is the same slot in all of them.
    const bias = ops.unsqueeze(relativePositionBias(table, this.positions, { past: Math.max(...held), length: 1 }), 0); // [1, heads, 1, longest]
    const beginnings = rowBeginnings(lengths, table);
    return { biases: [], next: { own: beginnings ? ops.add(bias, beginnings) : bias, source: rowBeginnings(cache.sourceLengths, table) } };
  }
}

/** What every layer of the decoder shares in one forward pass. */
interface DecoderPass {
  readonly boundaries: readonly number[];
  /** Absent where a cache remembers it. */
  readonly source: EncodedSource | undefined;
  /** Of each row, [heads, length, past + length]. */
  readonly biases: readonly Tensor[];
  /** Where each row continues by one token: what is added to its scores over itself, [rows, heads, 1, longest], and over its source. */
  readonly next: { readonly own: Tensor; readonly source: Tensor | null } | null;
}

class T5DecoderBlock extends Module {
  readonly attention: T5SelfAttention;
  private readonly attentionNorm: RmsNorm;
  private readonly crossAttention: T5CrossAttention;
  private readonly crossNorm: RmsNorm;
  private readonly network: T5Network;
  private readonly networkNorm: RmsNorm;

  constructor(path: string, config: T5Config, parts: Parts, holdsPositions: boolean) {
    super(path);
    const { d_model, layer_norm_epsilon: epsilon } = config;
    this.attention = this.add(new T5SelfAttention(`${path}.layer.0.SelfAttention`, config, parts, holdsPositions));
    this.attentionNorm = this.add(parts.rmsNorm(`${path}.layer.0.layer_norm`, d_model, { epsilon }));
    this.crossAttention = this.add(new T5CrossAttention(`${path}.layer.1.EncDecAttention`, config, parts));
    this.crossNorm = this.add(parts.rmsNorm(`${path}.layer.1.layer_norm`, d_model, { epsilon }));
    this.network = this.add(new T5Network(`${path}.layer.2.DenseReluDense`, config, parts));
    this.networkNorm = this.add(parts.rmsNorm(`${path}.layer.2.layer_norm`, d_model, { epsilon }));
  }

  forward(x: Tensor, pass: DecoderPass, memory: LayerMemory | undefined): Tensor {
    const attended = ops.add(x, this.attention.forward(this.attentionNorm.forward(x), { boundaries: pass.boundaries, biases: pass.biases, next: pass.next?.own, slots: memory?.target }));
    const informed = ops.add(attended, this.crossAttention.forward(this.crossNorm.forward(attended), pass, memory?.source));
    return ops.add(informed, this.network.forward(this.networkNorm.forward(informed)));
  }
}

interface SelfAttentionPass extends Pick<DecoderPass, 'boundaries' | 'biases'> {
  /** What is added to the scores where each remembered row continues by one token. */
  readonly next?: Tensor | undefined;
  /** Where the rows so far are remembered. */
  readonly slots?: RowSlots | undefined;
}

class T5SelfAttention extends Module {
  /** [buckets, heads], in the first block of each stack only; all its blocks use it. */
  readonly positions: Embedding | null;
  private readonly queryKeyValue: LinearGroup<[query: LinearLike, key: LinearLike, value: LinearLike]>;
  private readonly output: LinearLike;

  constructor(
    path: string,
    private readonly config: T5Config,
    parts: Parts,
    holdsPositions: boolean,
  ) {
    super(path);
    const { d_model, num_heads: heads, d_kv: headDim } = config;
    const query = parts.linear(`${path}.q`, d_model, heads * headDim);
    const key = parts.linear(`${path}.k`, d_model, heads * headDim);
    const value = parts.linear(`${path}.v`, d_model, heads * headDim);
    this.queryKeyValue = this.add(new LinearGroup(path, [query, key, value]));
    this.output = this.add(parts.linear(`${path}.o`, heads * headDim, d_model));
    this.positions = holdsPositions ? this.add(parts.embedding(`${path}.relative_attention_bias`, config.relative_attention_num_buckets, heads)) : null;
  }

  forward(x: Tensor, pass: SelfAttentionPass): Tensor {
    const { num_heads: heads, d_kv: headDim } = this.config;
    const [q, k, v] = this.queryKeyValue.forward(x);
    const query = ops.view(q, [-1, heads, headDim]); // [tokens, heads, headDim]
    const fresh = { keys: ops.view(k, [-1, heads, headDim]), values: ops.view(v, [-1, heads, headDim]), boundaries: pass.boundaries };
    return this.output.forward(ops.reshape(this.attend(query, fresh, pass), [-1, heads * headDim])); // [tokens, model]
  }

  private attend(query: Tensor, fresh: PackedKeys, { boundaries, biases, next, slots }: SelfAttentionPass): Tensor {
    if (slots && next) {
      slots.append(fresh.keys, fresh.values);
      return slots.attend(query, next);
    }
    const { keys, values, boundaries: keyBoundaries } = slots && slots.lengths.length > 0 ? slots.continued(fresh) : fresh;
    slots?.fill({ keys, values, boundaries: keyBoundaries }, { room: true });
    return rowAttention(query, keys, values, { boundaries, keyBoundaries, biases });
  }
}

class T5CrossAttention extends Module {
  private readonly query: LinearLike;
  private readonly keyValue: LinearGroup<[key: LinearLike, value: LinearLike]>;
  private readonly output: LinearLike;

  constructor(
    path: string,
    private readonly config: T5Config,
    parts: Parts,
  ) {
    super(path);
    const { d_model, num_heads: heads, d_kv: headDim } = config;
    this.query = this.add(parts.linear(`${path}.q`, d_model, heads * headDim));
    const key = parts.linear(`${path}.k`, d_model, heads * headDim);
    const value = parts.linear(`${path}.v`, d_model, heads * headDim);
    this.keyValue = this.add(new LinearGroup(path, [key, value]));
    this.output = this.add(parts.linear(`${path}.o`, heads * headDim, d_model));
  }

  /** `slots`: where the sources' keys and values are remembered. */
  forward(x: Tensor, { boundaries, source, next }: DecoderPass, slots: RowSlots | undefined): Tensor {
    const { num_heads: heads, d_kv: headDim } = this.config;
    const query = ops.view(this.query.forward(x), [-1, heads, headDim]); // [tokens, heads, headDim]
    const attended = slots && next ? slots.attend(query, next.source) : attendSource(query, boundaries, this.sourceKeys(source, slots));
    return this.output.forward(ops.reshape(attended, [-1, heads * headDim])); // [tokens, model]
  }

  /** [source tokens, heads, headDim] each: made now, and remembered where there is a cache; or remembered from before. */
  private sourceKeys(source: EncodedSource | undefined, slots: RowSlots | undefined): PackedKeys {
    if (!source) {
      if (!slots) throw new TypeError('expected a source or what a cache remembers of it');
      return slots.packed();
    }
    const { num_heads: heads, d_kv: headDim } = this.config;
    const [k, v] = this.keyValue.forward(source.states);
    const made = { keys: ops.view(k, [-1, heads, headDim]), values: ops.view(v, [-1, heads, headDim]), boundaries: source.boundaries };
    slots?.fill(made);
    return made;
  }
}

function attendSource(query: Tensor, boundaries: readonly number[], { keys, values, boundaries: keyBoundaries }: PackedKeys): Tensor {
  return rowAttention(query, keys, values, { boundaries, keyBoundaries });
}

class T5Network extends Module {
  private readonly input: LinearGroup<[gate: LinearLike, up: LinearLike]> | LinearLike;
  private readonly output: LinearLike;
  private readonly activation: GateActivation;

  constructor(path: string, { d_model, d_ff, feed_forward_proj }: T5Config, parts: Parts) {
    super(path);
    this.activation = feed_forward_proj === 'gated-silu' ? 'silu' : 'gelu_tanh';
    this.input = this.add(
      feed_forward_proj === 'relu' ? parts.linear(`${path}.wi`, d_model, d_ff) : new LinearGroup(path, [parts.linear(`${path}.wi_0`, d_model, d_ff), parts.linear(`${path}.wi_1`, d_model, d_ff)]),
    );
    this.output = this.add(parts.linear(`${path}.wo`, d_ff, d_model));
  }

  forward(x: Tensor): Tensor {
    const inner = this.input instanceof LinearGroup ? gateActivation(this.input.forwardJoined(x), this.activation) : ops.relu(this.input.forward(x)); // [tokens, d_ff]
    return this.output.forward(inner); // [tokens, model]
  }
}

function positionSettings({ relative_attention_num_buckets: buckets, relative_attention_max_distance: maxDistance }: T5Config, bidirectional: boolean): RelativePositionSettings {
  return { buckets, maxDistance, bidirectional };
}

function positionTable([first]: readonly { readonly attention: T5SelfAttention }[]): Tensor {
  if (!first?.attention.positions) throw new TypeError('the first block holds the position table');
  return first.attention.positions.weight;
}

/** What is made of each value, equal values sharing one. */
function eachOnce<Value, Made>(values: readonly Value[], make: (value: Value) => Made): Made[] {
  const made = new Map<Value, Made>();
  return values.map((value) => {
    const found = made.get(value) ?? make(value);
    made.set(value, found);
    return found;
  });
}

function ownCache(cache: KeyValueCache | undefined): EncoderDecoderCache | undefined {
  if (cache === undefined || cache instanceof EncoderDecoderCache) return cache;
  throw new TypeError('expected a cache of this model (newCache)');
}
