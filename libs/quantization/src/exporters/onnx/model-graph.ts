import type { ModelFamily } from '@tunesmith/models';
import type { GraphBuilder } from './graph-builder.js';
import type { WeightStore } from './weight-store.js';

/** One .onnx file of a model. */
export interface GraphFile {
  /** As transformers.js calls it: `model`, `encoder_model`. */
  readonly name: string;
  readonly layers: number;
  /** Adds inputs, nodes and outputs. `layerDone` is to be called after each layer, and throws when the work is to stop. */
  write(graph: GraphBuilder, store: WeightStore, layerDone: () => void): Promise<void>;
}

/** What onnxruntime-genai has to know of a decoder besides its graph. */
export interface DecoderShape {
  /** What it calls the architecture; `decoder` where it has no name for it. */
  readonly type: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly contextLength: number;
}

/** A family as ONNX graphs. Adding one: a file in graphs/ that reads like the family's model.ts, one line in graphs.ts and a few in the spec. */
export interface ModelGraph<Config = unknown> {
  readonly family: ModelFamily<Config>;
  /** The file that runtimes open comes last. */
  files(config: Config): readonly GraphFile[];
  /** Null: no model that onnxruntime-genai runs. */
  shape(config: Config): DecoderShape | null;
}
