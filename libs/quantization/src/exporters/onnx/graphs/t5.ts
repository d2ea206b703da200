import { t5, type T5Config } from '@tunesmith/models';
import { activate } from '../activation.js';
import { dimension, range } from '../decoder-inputs.js';
import { GraphParts } from '../graph-parts.js';
import type { GraphFile, ModelGraph } from '../model-graph.js';
import { attendPlainly, biasWhere, paddingMask, splitHeads } from '../plain-attention.js';
import { relativeBias } from '../relative-bias.js';

/**
 * T5, 1.1 and Flan-T5: an encoder that looks both ways, and a decoder that looks back over its row and at all of its source. Positions are learned
 * numbers by distance, added to scores that are not scaled. Two graphs, as transformers.js and optimum have them:
 *
 *     encoder_model: input_ids [batch, source], attention_mask [batch, source] -> last_hidden_state [batch, source, model]
 *     decoder_model_merged: input_ids [batch, sequence], encoder_attention_mask, encoder_hidden_states, use_cache_branch bool [1],
 *       past_key_values.{i}.decoder|encoder.key|value [batch, heads, past, headSize] -> logits [batch, sequence, vocabulary], present.{i}.…
 *
 * With use_cache_branch the keys and values of the source are those that the first run gave; without, they are made from the encoder's states.
 */
export const t5Graph: ModelGraph<T5Config> = {
  family: t5,
  shape: () => null,
  files: (config) => [encoder(config), decoder(config)],
};

function encoder(config: T5Config): GraphFile {
  return {
    name: 'encoder_model',
    layers: config.num_layers,
    async write(graph, store, layerDone) {
      const parts = new GraphParts(graph, store);
      const source = ['batch_size', 'encoder_sequence_length'];
      const [ids, mask] = [graph.input('input_ids', 'int64', source), graph.input('attention_mask', 'int64', source)];
      const positions = range(graph, graph.scalar('int64', 0), dimension(graph, ids, 1));
      const bias = graph.value('encoder', 'Add', [await positionBias(config, parts, 'encoder', { queries: positions, keys: positions }), seenBias(parts, 'encoder', mask)]); // [batch, heads, source, source]
      let x = await parts.embedding('shared', ids, { rows: config.vocab_size, width: config.d_model }); // [batch, source, model]
      for (let layer = 0; layer < config.num_layers; layer += 1) {
        const path = `encoder.block.${layer}.layer`;
        const normed = await norm(config, parts, `${path}.0.layer_norm`, x);
        const [keys, values] = await keysAndValues(config, parts, `${path}.0.SelfAttention`, normed);
        x = parts.add(path, x, await attention(config, parts, `${path}.0.SelfAttention`, normed, { keys, values, bias }));
        x = parts.add(path, x, await network(config, parts, `${path}.1.DenseReluDense`, await norm(config, parts, `${path}.1.layer_norm`, x)));
        layerDone();
      }
      graph.output('last_hidden_state', 'float32', [...source, config.d_model], await norm(config, parts, 'encoder.final_layer_norm', x));
    },
  };
}

function decoder(config: T5Config): GraphFile {
  const { vocab_size, d_model: model, num_decoder_layers: layers, num_heads: heads, d_kv: headSize } = config;
  return {
    name: 'decoder_model_merged',
    layers,
    async write(graph, store, layerDone) {
      const parts = new GraphParts(graph, store);
      const source = ['batch_size', 'encoder_sequence_length'];
      const ids = graph.input('input_ids', 'int64', ['batch_size', 'decoder_sequence_length']);
      const sourceBias = seenBias(parts, 'decoder', graph.input('encoder_attention_mask', 'int64', source)); // [batch, 1, 1, source]
      const states = graph.input('encoder_hidden_states', 'float32', [...source, model]);
      const cache = (layer: number, side: string) =>
        ['key', 'value'].map((part) => graph.input(`past_key_values.${layer}.${side}.${part}`, 'float32', ['batch_size', heads, `past_${side}_sequence_length`, headSize])) as [keys: string, values: string];
      const past = Array.from({ length: layers }, (_, layer) => ({ decoder: cache(layer, 'decoder'), encoder: cache(layer, 'encoder') }));
      const sourceKeys = await sourceKeysAndValues(config, parts, states, past.map((layer) => layer.encoder));

      const newest = dimension(graph, past[0]!.decoder[0], 2);
      const total = graph.value('decoder', 'Add', [newest, dimension(graph, ids, 1)]);
      const [queries, keys] = [range(graph, newest, total), range(graph, graph.scalar('int64', 0), total)];
      const before = graph.value('decoder', 'LessOrEqual', [keys, graph.value('decoder', 'Unsqueeze', [queries, graph.constant('int64', [1])])]); // [sequence, total]
      const bias = graph.value('decoder', 'Add', [await positionBias(config, parts, 'decoder', { queries, keys }), biasWhere(graph, 'decoder', before)]); // [heads, sequence, total]

      let x = await parts.embedding('shared', ids, { rows: vocab_size, width: model }); // [batch, sequence, model]
      for (const [layer, { decoder: [pastKeys, pastValues] }] of past.entries()) {
        const path = `decoder.block.${layer}.layer`;
        const normed = await norm(config, parts, `${path}.0.layer_norm`, x);
        const [newKeys, newValues] = await keysAndValues(config, parts, `${path}.0.SelfAttention`, normed);
        const grown = (old: string, added: string, part: string) => graph.node(path, 'Concat', [old, added], { attributes: { axis: { int: 2 } }, outputs: [`present.${layer}.decoder.${part}`] })[0]!;
        const own = { keys: grown(pastKeys, newKeys, 'key'), values: grown(pastValues, newValues, 'value'), bias };
        x = parts.add(path, x, await attention(config, parts, `${path}.0.SelfAttention`, normed, own));
        const [keysOfSource, valuesOfSource] = sourceKeys[layer]!;
        const crossed = await norm(config, parts, `${path}.1.layer_norm`, x);
        x = parts.add(path, x, await attention(config, parts, `${path}.1.EncDecAttention`, crossed, { keys: keysOfSource, values: valuesOfSource, bias: sourceBias }));
        x = parts.add(path, x, await network(config, parts, `${path}.2.DenseReluDense`, await norm(config, parts, `${path}.2.layer_norm`, x)));
        layerDone();
      }
      const normed = await norm(config, parts, 'decoder.final_layer_norm', x);
      // A tied head was never trained at the embedding's own scale.
      const read = config.scale_decoder_outputs ? parts.scaled('decoder', normed, model ** -0.5) : normed;
      const logits = config.tie_word_embeddings ? parts.tiedHead('shared', read) : await parts.linear('lm_head', read, { inputs: model, outputs: vocab_size });
      graph.output('logits', 'float32', ['batch_size', 'decoder_sequence_length', vocab_size], logits);
      for (const layer of past.keys()) {
        for (const side of ['decoder', 'encoder']) for (const part of ['key', 'value']) graph.output(`present.${layer}.${side}.${part}`, 'float32', ['batch_size', heads, `${side}_sequence_length_out`, headSize]);
      }
    },
  };
}

/** Of every layer, [batch, heads, source, headSize]: those of the cache, or made from the encoder's states. */
async function sourceKeysAndValues(config: T5Config, { graph, store }: GraphParts, states: string, past: readonly (readonly [string, string])[]): Promise<[keys: string, values: string][]> {
  const dims = ['batch_size', config.num_heads, 'encoder_sequence_length', config.d_kv];
  const [kept, made] = [graph.branch('kept'), graph.branch('made')];
  const parts = new GraphParts(made, store);
  for (const [layer, pair] of past.entries()) {
    const path = `decoder.block.${layer}.layer.1.EncDecAttention`;
    const fresh = await keysAndValues(config, parts, path, states);
    for (const [index, part] of ['key', 'value'].entries()) {
      kept.output(`kept.${layer}.${part}`, 'float32', dims, kept.value(path, 'Identity', [pair[index]!]));
      made.output(`made.${layer}.${part}`, 'float32', dims, fresh[index]!);
    }
  }
  const outputs = past.flatMap((_, layer) => ['key', 'value'].map((part) => `present.${layer}.encoder.${part}`));
  const chosen = graph.node('decoder', 'If', [graph.input('use_cache_branch', 'bool', [1])], { attributes: { then_branch: { graph: kept.finish() }, else_branch: { graph: made.finish() } }, outputs });
  return past.map((_, layer) => [chosen[2 * layer]!, chosen[2 * layer + 1]!]);
}

/** [batch, tokens, model] -> [batch, heads, tokens, headSize] each. */
async function keysAndValues({ d_model: inputs, num_heads: heads, d_kv: headSize }: T5Config, parts: GraphParts, path: string, x: string): Promise<[keys: string, values: string]> {
  const outputs = heads * headSize;
  const key = await parts.linear(`${path}.k`, x, { inputs, outputs });
  const value = await parts.linear(`${path}.v`, x, { inputs, outputs, makesValues: true });
  return [splitHeads(parts.graph, path, key, heads, headSize), splitHeads(parts.graph, path, value, heads, headSize)];
}

async function attention({ d_model: model, num_heads: heads, d_kv: headSize }: T5Config, parts: GraphParts, path: string, x: string, seen: { keys: string; values: string; bias: string }): Promise<string> {
  const query = await parts.linear(`${path}.q`, x, { inputs: model, outputs: heads * headSize });
  const attended = attendPlainly(parts.graph, path, { query, ...seen }, { heads, keyValueHeads: heads, headSize, scale: 1 });
  return parts.linear(`${path}.o`, attended, { inputs: heads * headSize, outputs: model });
}

async function network({ d_model: inputs, d_ff: outputs, feed_forward_proj }: T5Config, parts: GraphParts, path: string, x: string): Promise<string> {
  const inner = await (async () => {
    if (feed_forward_proj === 'relu') return activate(parts, path, await parts.linear(`${path}.wi`, x, { inputs, outputs }), 'relu');
    const gate = await parts.linear(`${path}.wi_0`, x, { inputs, outputs });
    return parts.graph.value(path, 'Mul', [activate(parts, path, gate, feed_forward_proj === 'gated-silu' ? 'silu' : 'gelu-tanh'), await parts.linear(`${path}.wi_1`, x, { inputs, outputs })]);
  })();
  return parts.linear(`${path}.wo`, inner, { inputs: outputs, outputs: inputs });
}

function norm({ d_model: size, layer_norm_epsilon: epsilon }: T5Config, parts: GraphParts, module: string, x: string): Promise<string> {
  return parts.rmsNorm(module, x, { size, epsilon });
}

function positionBias(config: T5Config, parts: GraphParts, stack: 'encoder' | 'decoder', positions: { queries: string; keys: string }): Promise<string> {
  const { relative_attention_num_buckets: buckets, relative_attention_max_distance: maxDistance, num_heads: heads } = config;
  return relativeBias(parts, `${stack}.block.0.layer.0.SelfAttention.relative_attention_bias`, { buckets, maxDistance, bidirectional: stack === 'encoder' }, heads, positions);
}

/** int64 mask [batch, source] -> [batch, 1, 1, source]: far below zero where a row is padded. */
function seenBias({ graph }: GraphParts, path: string, mask: string): string {
  return biasWhere(graph, path, paddingMask(graph, path, mask));
}
