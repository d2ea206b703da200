import type { ModelFamily } from '@tunesmith/models';
import { DecoderParts } from './decoder-parts.js';
import type { DecoderShape, ModelGraph } from './model-graph.js';

export interface DecoderDescription<Config> {
  readonly family: ModelFamily<Config>;
  shape(config: Config): DecoderShape;
  /** Adds the nodes from token ids to logits; returns the logits, [batch, sequence, vocabulary]. */
  write(config: Config, parts: DecoderParts): Promise<string>;
}

/**
 * A decoder-only family: one graph with a cache, in the shape that onnxruntime-genai and transformers.js expect.
 *
 *     input_ids [batch, sequence], attention_mask [batch, total], past_key_values.{i}.key|value [batch, keyValueHeads, past, headSize]
 *       -> logits [batch, sequence, vocabulary], present.{i}.key|value [batch, keyValueHeads, total, headSize]
 */
export function decoderGraph<Config>({ family, shape, write }: DecoderDescription<Config>): ModelGraph<Config> {
  return {
    family,
    shape,
    files: (config) => {
      const { layers, vocabularySize } = shape(config);
      return [
        {
          name: 'model',
          layers,
          async write(graph, store, layerDone) {
            const logits = await write(config, new DecoderParts(graph, store, layerDone));
            graph.output('logits', 'float32', ['batch_size', 'sequence_length', vocabularySize], logits);
          },
        },
      ];
    },
  };
}
