import { cachedAttention, type CachedAttentionOptions, type Projected } from './cached-attention.js';
import { DecoderInputs } from './decoder-inputs.js';
import { gatedNetwork, type GatedNetworkOptions } from './gated-network.js';
import type { GraphBuilder } from './graph-builder.js';
import { GraphParts } from './graph-parts.js';
import { rotation, type Rotation } from './rotation.js';
import type { RotarySettings } from '@tunesmith/nn';
import type { WeightStore } from './weight-store.js';

/** The parts of decoders: those of every graph, and what knows of positions and the cache. */
export class DecoderParts extends GraphParts {
  readonly inputs: DecoderInputs;

  /** `layerDone` is called after each layer, and throws when the work is to stop. */
  constructor(
    graph: GraphBuilder,
    store: WeightStore,
    readonly layerDone: () => void,
  ) {
    super(graph, store);
    this.inputs = new DecoderInputs(graph);
  }

  /** How tokens turn by their positions: `turned` numbers of each head. */
  rotation(path: string, settings: RotarySettings, turned: number): Rotation {
    return rotation(this.graph, path, this.inputs, settings, turned);
  }

  attention(path: string, projected: Projected, options: CachedAttentionOptions): string {
    return cachedAttention(this, path, this.inputs, projected, options);
  }

  gatedNetwork(path: string, input: string, options: GatedNetworkOptions): Promise<string> {
    return gatedNetwork(this, path, input, options);
  }

  /** An RMS norm over each head: [batch, sequence, heads * headSize] -> the same. GroupQueryAttention on CPU refuses norms of its own. */
  async headNorm(module: string, input: string, headSize: number, options: { readonly epsilon: number; readonly unitOffset?: boolean }): Promise<string> {
    const { graph } = this;
    const split = graph.value(module, 'Reshape', [input, graph.constant('int64', [0, 0, -1, headSize])]); // [batch, sequence, heads, headSize]
    const normed = await this.rmsNorm(module, split, { size: headSize, ...options });
    return graph.value(module, 'Reshape', [normed, graph.constant('int64', [0, 0, -1])]);
  }
}
