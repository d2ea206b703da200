import { z } from 'zod';
import { GeluName } from '../gelu.js';
import { ModelConfigError } from '../model-config-error.js';
import { noAttentionDropout, noPadding, parseConfig } from '../parse-config.js';

const dropout = 'dropout of the original training; tuning here has its own';
const summary = 'a head for classification, which a language model does not have';

/** Keys of published GPT-Neo configurations that change nothing here, with the reason. */
const ignored: Readonly<Record<string, string>> = {
  ...noPadding,
  resid_dropout: dropout,
  embed_dropout: dropout,
  classifier_dropout: summary,
  summary_type: summary,
  summary_use_proj: summary,
  summary_activation: summary,
  summary_proj_to_labels: summary,
  summary_first_dropout: summary,
};

const count = z.int().positive();
const LayerType = z.enum(['global', 'local']);
export type LayerType = z.infer<typeof LayerType>;

const GptNeoSchema = z.strictObject({
  vocab_size: count.default(50_257),
  max_position_embeddings: count.default(2048),
  hidden_size: count.default(2048),
  num_layers: count.default(24),
  num_heads: count.default(16),
  intermediate_size: count.nullish(),
  /** Runs of layers: the types of a run, and how often it is repeated. */
  attention_types: z.array(z.tuple([z.array(LayerType).min(1), count])).nullish(),
  attention_layers: z.array(LayerType).nullish(),
  window_size: count.default(256),
  activation_function: GeluName.default('gelu_new'),
  attention_dropout: noAttentionDropout,
  layer_norm_epsilon: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(true),
});

/** GPTNeoForCausalLM. Fields keep their published names. */
export interface GptNeoConfig {
  vocab_size: number;
  /** How many positions have been learned; no row can be longer. */
  max_position_embeddings: number;
  hidden_size: number;
  num_layers: number;
  num_heads: number;
  intermediate_size: number;
  /** One per layer, from attention_types. */
  attention_layers: readonly LayerType[];
  /** In local layers a token sees itself and the `window_size - 1` tokens before it. */
  window_size: number;
  activation_function: GeluName;
  layer_norm_epsilon: number;
  tie_word_embeddings: boolean;
}

export function parseGptNeoConfig(json: unknown): GptNeoConfig {
  const { attention_types, attention_layers, intermediate_size, attention_dropout: _zero, ...rest } = parseConfig('gpt_neo', GptNeoSchema, ignored, json);
  if (rest.hidden_size % rest.num_heads !== 0) refuse(`hidden_size (${rest.hidden_size}) must be a multiple of num_heads (${rest.num_heads})`);

  const runs = attention_types ?? [[['global', 'local'], 12] as const];
  const layers = runs.flatMap(([types, times]) => Array.from({ length: times }, () => types).flat());
  if (layers.length !== rest.num_layers) refuse(`attention_types names ${layers.length} layers, num_layers says ${rest.num_layers}`);
  if (attention_layers && attention_layers.join() !== layers.join()) refuse('attention_layers and attention_types differ: keep the right one');
  return { ...rest, intermediate_size: intermediate_size ?? 4 * rest.hidden_size, attention_layers: layers };
}

function refuse(problem: string): never {
  throw new ModelConfigError({ message: `config.json of a gpt_neo model cannot be served: ${problem}.`, facts: { family: 'gpt_neo', problems: [problem] } });
}
