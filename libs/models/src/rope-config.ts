import type { GgufValue } from '@tunesmith/checkpoints';
import type { RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from './model-config-error.js';

const positive = z.number().positive();
const theta = { rope_theta: positive.optional() };

/** The scaling kinds that can be served, each with exactly its keys. */
const kinds = z.discriminatedUnion('rope_type', [
  z.strictObject({ rope_type: z.literal('default'), ...theta }),
  z.strictObject({ rope_type: z.literal('linear'), factor: positive, ...theta }),
  z.strictObject({ rope_type: z.literal('dynamic'), factor: positive, ...theta }),
  z.strictObject({
    rope_type: z.literal('llama3'),
    factor: positive,
    low_freq_factor: positive,
    high_freq_factor: positive,
    original_max_position_embeddings: z.int().positive().optional(),
    ...theta,
  }),
  z.strictObject({
    rope_type: z.literal('yarn'),
    factor: positive,
    original_max_position_embeddings: z.int().positive().optional(),
    attention_factor: positive.nullish(),
    beta_fast: positive.nullish(),
    beta_slow: positive.nullish(),
    truncate: z.boolean().optional(),
    /** Written into the first published YaRN models by their authors' own code; says nothing about the turns. */
    finetuned: z.boolean().optional(),
    ...theta,
  }),
]);

/** One published rope dictionary; the older spelling `type` is read as `rope_type`. Spread of `{ rope_type: 'default' }` where the kind is absent. */
export const RopeDictionary = z.preprocess((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { type, ...rest } = value as Record<string, unknown>;
  if (type === undefined) return { rope_type: 'default', ...rest };
  return { rope_type: type, ...rest };
}, kinds);
export type RopeDictionary = z.infer<typeof kinds>;

/**
 * Published rope settings to those of `@tunesmith/nn`. Defaults as transformers fills them: theta from beside the dictionary,
 * the original context from `max_position_embeddings`.
 */
export function rotarySettings(rope: RopeDictionary, defaults: { theta: number; maxPositionEmbeddings: number }): RotarySettings {
  const base = rope.rope_theta ?? defaults.theta;
  switch (rope.rope_type) {
    case 'default':
      return { theta: base, scaling: null };
    case 'linear':
      return { theta: base, scaling: { kind: 'linear', factor: rope.factor } };
    case 'dynamic':
      return { theta: base, scaling: { kind: 'dynamic', factor: rope.factor, originalContext: defaults.maxPositionEmbeddings } };
    case 'llama3':
      return {
        theta: base,
        scaling: {
          kind: 'llama3',
          factor: rope.factor,
          lowFrequencyFactor: rope.low_freq_factor,
          highFrequencyFactor: rope.high_freq_factor,
          originalContext: rope.original_max_position_embeddings ?? defaults.maxPositionEmbeddings,
        },
      };
    case 'yarn':
      return {
        theta: base,
        scaling: {
          kind: 'yarn',
          factor: rope.factor,
          originalContext: rope.original_max_position_embeddings ?? defaults.maxPositionEmbeddings,
          attentionFactor: rope.attention_factor ?? null,
          betaFast: rope.beta_fast ?? 32,
          betaSlow: rope.beta_slow ?? 1,
          truncate: rope.truncate ?? true,
        },
      };
  }
}

/** The published spellings of one rotation: `rope_theta` beside an optional `rope_scaling`, or `rope_parameters` with both inside. */
interface PublishedRope {
  readonly rope_theta?: number | null;
  readonly rope_scaling?: RopeDictionary | null;
  readonly rope_parameters?: RopeDictionary | null;
}

/** As `rotarySettings`, from whichever spelling a configuration has; `refuse` is told of two that contradict each other. */
export function publishedRotary({ rope_theta, rope_scaling, rope_parameters }: PublishedRope, defaults: { theta: number; maxPositionEmbeddings: number }, refuse: (problem: string) => never): RotarySettings {
  if (rope_scaling && rope_parameters) refuse('rope_scaling and rope_parameters say the same thing: keep one of them');
  if (rope_theta && rope_parameters?.rope_theta && rope_theta !== rope_parameters.rope_theta) refuse(`rope_theta (${rope_theta}) and rope_parameters.rope_theta (${rope_parameters.rope_theta}) differ: keep the right one`);
  return rotarySettings(rope_parameters ?? rope_scaling ?? { rope_type: 'default' }, { ...defaults, theta: rope_theta ?? defaults.theta });
}

/**
 * The GGUF spelling, the same in every architecture: linear and yarn as keys. Only some architectures read llama3's divisors, which are a tensor
 * (`takesDivisors`; the family adds it). Throws for what the file cannot say.
 */
export function ggufRopeMetadata(architecture: string, { theta, scaling }: RotarySettings, { takesDivisors = false } = {}): Record<string, GgufValue> {
  const prefix = `${architecture}.rope`;
  const base: Record<string, GgufValue> = { [`${prefix}.freq_base`]: { type: 'float32', value: theta } };
  if (scaling?.kind === 'linear') {
    return { ...base, [`${prefix}.scaling.type`]: { type: 'string', value: 'linear' }, [`${prefix}.scaling.factor`]: { type: 'float32', value: scaling.factor } };
  }
  if (scaling?.kind === 'yarn') {
    if (scaling.attentionFactor !== null || scaling.betaFast !== 32 || scaling.betaSlow !== 1 || !scaling.truncate) {
      const problem = 'yarn with its own attention_factor, beta_fast, beta_slow or truncate has no place in GGUF metadata that every reader knows';
      throw new ModelConfigError({ message: `GGUF export: ${problem}.`, facts: { problems: [problem] } });
    }
    return {
      ...base,
      [`${prefix}.scaling.type`]: { type: 'string', value: 'yarn' },
      [`${prefix}.scaling.factor`]: { type: 'float32', value: scaling.factor },
      [`${prefix}.scaling.original_context_length`]: { type: 'uint32', value: scaling.originalContext },
    };
  }
  if (scaling?.kind === 'llama3' && !takesDivisors) {
    const problem = 'rope scaling of the kind llama3 has no place in files of this architecture';
    throw new ModelConfigError({ message: `GGUF export (${architecture}): ${problem}.`, facts: { problems: [problem] } });
  }
  // `dynamic` has no key, and changes nothing inside the context length that the file names.
  return base;
}
