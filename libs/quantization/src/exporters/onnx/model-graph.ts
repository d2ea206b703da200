import type { ModelFamily } from '@tunesmith/models';
import type { DecoderParts } from './decoder-parts.js';

/** What clients have to know of a decoder besides its graph. */
export interface DecoderShape {
  /** What onnxruntime-genai calls the architecture; `decoder` where it has no name for it. */
  readonly type: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly contextLength: number;
  /** Of each layer how many tokens it sees; null: all. */
  readonly windows: readonly (number | null)[];
}

/** A decoder-only family as a graph. Adding one: a file in graphs/ that reads like the family's model.ts, one line in graphs.ts and one in the spec. */
export interface DecoderGraph<Config = unknown> {
  readonly family: ModelFamily<Config>;
  shape(config: Config): DecoderShape;
  /** Adds the nodes from token ids to logits; returns the logits, [batch, sequence, vocabulary]. */
  write(config: Config, parts: DecoderParts): Promise<string>;
}
