import { gemma3, llama, type Gemma3Config, type LlamaConfig, type ModelFamily } from '@tunesmith/models';
import { QuantizationError } from '../../quantization-error.js';
import type { SourceModel } from '../source-model.js';
import type { DecoderPlan } from './decoder-plan.js';

/** Llama, SmolLM2, Mistral. */
function planLlama(config: LlamaConfig): DecoderPlan {
  return {
    type: config.architecture === 'MistralForCausalLM' ? 'mistral' : 'llama',
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headSize: config.head_dim,
    contextLength: config.max_position_embeddings,
    normEpsilon: config.rms_norm_eps,
    tied: config.tie_word_embeddings,
    attentionBias: config.attention_bias,
    mlpBias: config.mlp_bias,
    activation: 'silu',
    attentionScale: config.head_dim ** -0.5,
    logitSoftcap: null,
    embeddingScale: 1,
    normOffset: 0,
    queryKeyNorm: false,
    outputNorms: false,
    rotations: { all: config.rotary },
    layers: Array.from({ length: config.num_hidden_layers }, () => ({ window: config.sliding_window, rotation: 'all' })),
  };
}

/** The text model of Gemma 3. */
function planGemma3(config: Gemma3Config): DecoderPlan {
  return {
    type: 'gemma3_text',
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    intermediateSize: config.intermediate_size,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headSize: config.head_dim,
    contextLength: config.max_position_embeddings,
    normEpsilon: config.rms_norm_eps,
    tied: config.tie_word_embeddings,
    attentionBias: config.attention_bias,
    mlpBias: false,
    activation: 'gelu-tanh',
    attentionScale: config.query_pre_attn_scalar ** -0.5,
    logitSoftcap: config.final_logit_softcapping,
    embeddingScale: Math.sqrt(config.hidden_size),
    normOffset: 1,
    queryKeyNorm: true,
    outputNorms: true,
    rotations: config.rotary,
    layers: config.layer_types.map((type) => ({ window: type === 'sliding_attention' ? config.sliding_window : null, rotation: type })),
  };
}

/** A family's plan, from the configuration as it lies in the folder. */
interface PlannedFamily {
  readonly name: string;
  plan(configJson: unknown): DecoderPlan;
}

function planned<Config>(family: ModelFamily<Config>, plan: (config: Config) => DecoderPlan): PlannedFamily {
  return { name: family.name, plan: (configJson) => plan(family.parseConfig(configJson)) };
}

/** The families that have an ONNX graph: a line each. */
const plannedFamilies: readonly PlannedFamily[] = [planned(llama, planLlama), planned(gemma3, planGemma3)];

/** What GroupQueryAttention of ONNX Runtime asks of the size of a head that turns. */
const headSizeMultiple = 16;

/** Throws QuantizationError `family-without-graph` and `head-size-unsupported`. */
export function decoderPlanOf({ family, configJson }: Pick<SourceModel, 'family' | 'configJson'>): DecoderPlan {
  const found = plannedFamilies.find(({ name }) => name === family.name);
  if (found !== undefined) return checkHeadSize(found.plan(configJson));
  const served = plannedFamilies.map(({ name }) => name);
  throw new QuantizationError({
    code: 'family-without-graph',
    message: `The family ${family.name} has no ONNX graph yet; those that have one: ${served.join(', ')}. Choose a GGUF target.`,
    facts: { family: family.name, served },
  });
}

function checkHeadSize(plan: DecoderPlan): DecoderPlan {
  if (plan.headSize % headSizeMultiple === 0) return plan;
  throw new QuantizationError({
    code: 'head-size-unsupported',
    message: `The attention heads of this model have ${plan.headSize} numbers; ONNX Runtime needs a multiple of ${headSizeMultiple}. Choose a GGUF target.`,
    facts: { headSize: plan.headSize, multiple: headSizeMultiple },
  });
}
