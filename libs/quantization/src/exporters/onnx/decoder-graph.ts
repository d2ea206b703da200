import { rotarySpeeds } from '@tunesmith/nn';
import type { DecoderPlan, LayerPlan } from './decoder-plan.js';
import type { GraphBuilder } from './graph-builder.js';
import type { LinearWriter } from './linears.js';
import type { WeightReader } from '../weight-reader.js';

const contrib = 'com.microsoft';

/** What the graph is made with: where nodes go, where weights come from, how a linear becomes nodes. */
export interface DecoderParts {
  readonly graph: GraphBuilder;
  readonly weights: WeightReader;
  readonly linears: LinearWriter;
  /** Called after each layer, and throws when the work is to stop. */
  layerDone(): void;
}

/**
 * The graph of a decoder with a key/value cache, in the shape that onnxruntime-genai and transformers.js expect:
 *
 *     input_ids [batch, sequence], attention_mask [batch, total], past_key_values.{i}.key|value [batch, kvHeads, past, headSize]
 *       -> logits [batch, sequence, vocabulary], present.{i}.key|value [batch, kvHeads, total, headSize]
 *
 * Rotation happens inside GroupQueryAttention, so there are no position_ids; rows of a batch are padded on the right.
 */
export async function writeDecoderGraph(plan: DecoderPlan, parts: DecoderParts): Promise<void> {
  const { graph, linears } = parts;
  const inputIds = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  const lengths = attentionLengths(graph, mask);
  const rotations = await rotationCaches(plan, graph);

  let residual = await linears.embed('/model/embed_tokens', inputIds); // [batch, sequence, hidden]
  if (plan.embeddingScale !== 1) {
    residual = graph.value('/model/embed_tokens/Mul', 'Mul', [residual, graph.constant('embedding_scale', 'float32', [plan.embeddingScale], [])]);
  }
  let normed = await norm(plan, parts, '/model/layers.0/input_layernorm', residual);
  for (const [index, layer] of plan.layers.entries()) {
    const path = `/model/layers.${index}`;
    const attended = await attention(plan, parts, { path, index, layer, normed, lengths, rotation: rotations[layer.rotation]! });
    const beforeMlp = plan.outputNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
    const attentionOutput = plan.outputNorms ? await norm(plan, parts, `${path}/post_attention_layernorm`, attended) : attended;
    [normed, residual] = await addAndNorm(plan, parts, `${path}/${beforeMlp}`, residual, attentionOutput);
    const fed = await mlp(plan, parts, path, normed);
    const mlpOutput = plan.outputNorms ? await norm(plan, parts, `${path}/post_feedforward_layernorm`, fed) : fed;
    const next = index + 1 < plan.layers.length ? `/model/layers.${index + 1}/input_layernorm` : '/model/norm';
    [normed, residual] = await addAndNorm(plan, parts, next, residual, mlpOutput);
    parts.layerDone();
  }

  const logits = await linears.head('/lm_head', normed, plan.logitSoftcap === null ? 'logits' : undefined);
  if (plan.logitSoftcap !== null) softcap(graph, logits, plan.logitSoftcap);
  graph.output('logits', 'float32', ['batch_size', 'sequence_length', plan.vocabularySize]);
  for (const index of plan.layers.keys()) {
    for (const part of ['key', 'value']) {
      graph.output(`present.${index}.${part}`, 'float32', ['batch_size', plan.keyValueHeads, 'total_sequence_length', plan.headSize]);
    }
  }
}

interface Lengths {
  /** int32 [batch]: the last position of each row. */
  readonly lastPosition: string;
  /** int32 scalar: the longest row, the cache included. */
  readonly total: string;
}

function attentionLengths(graph: GraphBuilder, mask: string): Lengths {
  const path = '/model/attention_mask';
  const one = graph.constant('one', 'int64', [1]);
  const sum = graph.value(`${path}/ReduceSum`, 'ReduceSum', [mask, one], { attributes: { keepdims: { int: 0 } } });
  const last = graph.value(`${path}/Sub`, 'Sub', [sum, one]);
  const shape = graph.value(`${path}/Shape`, 'Shape', [mask]);
  const total = graph.value(`${path}/Gather`, 'Gather', [shape, graph.constant('one_scalar', 'int64', [1], [])], { attributes: { axis: { int: 0 } } });
  const toInt32 = { attributes: { to: { int: 6 } } };
  return {
    lastPosition: graph.value(`${path}/Sub/Cast`, 'Cast', [last], toInt32),
    total: graph.value(`${path}/Gather/Cast`, 'Cast', [total], toInt32),
  };
}

interface RotationCache {
  /** float32 [context, headSize / 2] each. */
  readonly cosine: string;
  readonly sine: string;
}

async function rotationCaches(plan: DecoderPlan, graph: GraphBuilder): Promise<Record<string, RotationCache>> {
  const half = plan.headSize / 2;
  const caches: Record<string, RotationCache> = {};
  for (const [name, settings] of Object.entries(plan.rotations)) {
    const { speeds, attentionFactor } = rotarySpeeds(settings, plan.headSize);
    const cosine = new Float32Array(plan.contextLength * half);
    const sine = new Float32Array(plan.contextLength * half);
    for (let position = 0; position < plan.contextLength; position += 1) {
      for (let i = 0; i < half; i += 1) {
        // The models were trained with angles in float32: so are these.
        const angle = Math.fround(position * Math.fround(speeds[i]!));
        cosine[position * half + i] = Math.cos(angle) * attentionFactor;
        sine[position * half + i] = Math.sin(angle) * attentionFactor;
      }
    }
    const dims = [plan.contextLength, half];
    caches[name] = {
      cosine: await graph.tensor(`model.rotary.${name}.cos_cache`, 'float32', dims, new Uint8Array(cosine.buffer)),
      sine: await graph.tensor(`model.rotary.${name}.sin_cache`, 'float32', dims, new Uint8Array(sine.buffer)),
    };
  }
  return caches;
}

/** Path `/model/layers.0/input_layernorm` -> tensor `model.layers.0.input_layernorm.weight`, with the family's offset added in float32. */
async function normWeight(plan: DecoderPlan, { graph, weights }: DecoderParts, path: string, size: number): Promise<string> {
  const name = `${path.slice(1).replaceAll('/', '.')}.weight`;
  const values = await weights.values(name, [size]);
  if (plan.normOffset !== 0) for (let i = 0; i < values.length; i += 1) values[i]! += plan.normOffset;
  return graph.tensor(name, 'float32', [size], new Uint8Array(values.buffer));
}

async function norm(plan: DecoderPlan, parts: DecoderParts, path: string, input: string, size = plan.hiddenSize): Promise<string> {
  // The operator is an old one of ONNX Runtime that lives in the default domain.
  return parts.graph.value(`${path}/SimplifiedLayerNormalization`, 'SimplifiedLayerNormalization', [input, await normWeight(plan, parts, path, size)], {
    attributes: { axis: { int: -1 }, epsilon: { float: plan.normEpsilon }, stash_type: { int: 1 } },
  });
}

/** -> [norm(residual + added), residual + added] */
async function addAndNorm(plan: DecoderPlan, parts: DecoderParts, path: string, residual: string, added: string): Promise<[string, string]> {
  const operator = 'SkipSimplifiedLayerNormalization';
  const node = `${path}/${operator}`;
  const outputs = parts.graph.node(node, operator, [residual, added, await normWeight(plan, parts, path, plan.hiddenSize)], {
    domain: contrib,
    attributes: { epsilon: { float: plan.normEpsilon } },
    // Mean and inverse deviation are for training.
    outputs: [`${node}/output_0`, '', '', `${node}/output_3`],
  });
  return [outputs[0]!, outputs[3]!];
}

interface AttentionInputs {
  readonly path: string;
  readonly index: number;
  readonly layer: LayerPlan;
  readonly normed: string;
  readonly lengths: Lengths;
  readonly rotation: RotationCache;
}

async function attention(plan: DecoderPlan, parts: DecoderParts, { path, index, layer, normed, lengths, rotation }: AttentionInputs): Promise<string> {
  const { graph, linears } = parts;
  const self = `${path}/self_attn`;
  const queryWidth = plan.heads * plan.headSize;
  const keyWidth = plan.keyValueHeads * plan.headSize;
  const bias = plan.attentionBias;
  let query = await linears.linear(`${self}/q_proj`, normed, { inputs: plan.hiddenSize, outputs: queryWidth, bias }); // [batch, sequence, heads * headSize]
  let key = await linears.linear(`${self}/k_proj`, normed, { inputs: plan.hiddenSize, outputs: keyWidth, bias }); // [batch, sequence, kvHeads * headSize]
  const value = await linears.linear(`${self}/v_proj`, normed, { inputs: plan.hiddenSize, outputs: keyWidth, bias });
  if (plan.queryKeyNorm) {
    query = await headNorm(plan, parts, `${self}/q_norm`, query, queryWidth);
    key = await headNorm(plan, parts, `${self}/k_norm`, key, keyWidth);
  }
  const cacheDims = ['batch_size', plan.keyValueHeads, 'past_sequence_length', plan.headSize];
  const pastKey = graph.input(`past_key_values.${index}.key`, 'float32', cacheDims);
  const pastValue = graph.input(`past_key_values.${index}.value`, 'float32', cacheDims);
  const operator = 'GroupQueryAttention';
  const node = `${self}/${operator}`;
  const inputs = [query, key, value, pastKey, pastValue, lengths.lastPosition, lengths.total, rotation.cosine, rotation.sine];
  const [attended] = graph.node(node, operator, inputs, {
    domain: contrib,
    attributes: {
      num_heads: { int: plan.heads },
      kv_num_heads: { int: plan.keyValueHeads },
      scale: { float: plan.attentionScale },
      do_rotary: { int: 1 },
      rotary_interleaved: { int: 0 },
      local_window_size: { int: layer.window ?? -1 },
    },
    outputs: [`${node}/output_0`, `present.${index}.key`, `present.${index}.value`],
  });
  return linears.linear(`${self}/o_proj`, attended!, { inputs: queryWidth, outputs: plan.hiddenSize, bias });
}

/** GroupQueryAttention on CPU refuses norm weights of its own, so each head is normed before it: [batch, sequence, width] -> the same. */
async function headNorm(plan: DecoderPlan, parts: DecoderParts, path: string, input: string, width: number): Promise<string> {
  const { graph } = parts;
  const perHead = graph.constant(`shape_head_${plan.headSize}`, 'int64', [0, 0, -1, plan.headSize]);
  const flat = graph.constant(`shape_flat_${width}`, 'int64', [0, 0, width]);
  const split = graph.value(`${path}/Reshape_1`, 'Reshape', [input, perHead]); // [batch, sequence, heads, headSize]
  return graph.value(`${path}/Reshape_2`, 'Reshape', [await norm(plan, parts, path, split, plan.headSize), flat]);
}

async function mlp(plan: DecoderPlan, { graph, linears }: DecoderParts, path: string, normed: string): Promise<string> {
  const self = `${path}/mlp`;
  const into = { inputs: plan.hiddenSize, outputs: plan.intermediateSize, bias: plan.mlpBias };
  const gate = await linears.linear(`${self}/gate_proj`, normed, into); // [batch, sequence, intermediate]
  const up = await linears.linear(`${self}/up_proj`, normed, into);
  const product = graph.value(`${self}/Mul`, 'Mul', [activate(plan, graph, `${self}/act_fn`, gate), up]);
  return linears.linear(`${self}/down_proj`, product, { inputs: plan.intermediateSize, outputs: plan.hiddenSize, bias: plan.mlpBias });
}

function activate({ activation }: DecoderPlan, graph: GraphBuilder, path: string, input: string): string {
  if (activation === 'gelu-tanh') return graph.value(`${path}/Gelu`, 'Gelu', [input], { attributes: { approximate: { string: 'tanh' } } });
  return graph.value(`${path}/Mul`, 'Mul', [input, graph.value(`${path}/Sigmoid`, 'Sigmoid', [input])]);
}

function softcap(graph: GraphBuilder, logits: string, cap: number): void {
  const bound = graph.constant('logit_softcap', 'float32', [cap], []);
  const bounded = graph.value('/lm_head/softcap/Tanh', 'Tanh', [graph.value('/lm_head/softcap/Div', 'Div', [logits, bound])]);
  graph.value('/lm_head/softcap/Mul', 'Mul', [bounded, bound], { output: 'logits' });
}
