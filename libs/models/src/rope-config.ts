import type { GgufValue } from '@tunesmith/checkpoints';
import type { LongRopeScaling, RotarySettings } from '@tunesmith/nn';
import { z } from 'zod';
import { ModelConfigError } from './model-config-error.js';

const positive = z.number().positive();
const theta = { rope_theta: positive.optional(), partial_rotary_factor: positive.max(1).optional() };

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
    /** Where both are there, and attention_factor is not, that is their quotient (DeepSeek's spelling). */
    mscale: z.number().nonnegative().nullish(),
    mscale_all_dim: z.number().nonnegative().nullish(),
    attn_factor: z
      .undefined({
        error:
          'transformers reads it nowhere, while vLLM and llama.cpp multiply 0.1 ln(factor) + 1 by it. Put attention_factor in its place: that product for what those two compute, or nothing at all for what transformers computes',
      })
      .optional(),
    /** Written into the first published YaRN models by their authors' own code; says nothing about the turns. */
    finetuned: z.boolean().optional(),
    ...theta,
  }),
  z.strictObject({
    rope_type: z.literal('longrope'),
    short_factor: z.array(positive).min(1),
    long_factor: z.array(positive).min(1),
    factor: positive.nullish(),
    attention_factor: positive.nullish(),
    original_max_position_embeddings: z.int().positive().optional(),
    ...theta,
  }),
]);

/**
 * One published rope dictionary; the older spelling `type` is read as `rope_type`, and the older names of `longrope` as that. Spread of
 * `{ rope_type: 'default' }` where the kind is absent.
 */
export const RopeDictionary = z.preprocess((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { type, ...rest } = value as Record<string, unknown>;
  const kind = rest.rope_type ?? type ?? 'default';
  return { ...rest, rope_type: kind === 'su' || (kind === 'yarn' && 'short_factor' in rest) ? 'longrope' : kind };
}, kinds);
export type RopeDictionary = z.infer<typeof kinds>;

/** What stands beside a rope dictionary, and what a family can do with it. */
interface RopeDefaults {
  readonly theta: number;
  readonly maxPositionEmbeddings: number;
  /** The family turns a part of each head; it reads `partial_rotary_factor` itself. */
  readonly partial?: boolean;
  /** The family serves `longrope`; its own `original_max_position_embeddings` goes before that of the dictionary. */
  readonly longrope?: { readonly originalContext: number | undefined };
}

/**
 * Published rope settings to those of `@tunesmith/nn`. Defaults as transformers fills them: theta from beside the dictionary,
 * the original context from `max_position_embeddings`. Throws ModelConfigError for what the family does not serve.
 */
export function rotarySettings(rope: RopeDictionary, defaults: RopeDefaults): RotarySettings {
  const base = rope.rope_theta ?? defaults.theta;
  if (!defaults.partial && (rope.partial_rotary_factor ?? 1) !== 1) refuseRope(`partial_rotary_factor is ${rope.partial_rotary_factor}, but models of this family turn whole heads`);
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
    case 'longrope':
      if (!defaults.longrope) return refuseRope('longrope is served for Phi-3 alone');
      return { theta: base, scaling: longRope(rope, defaults.longrope.originalContext, defaults.maxPositionEmbeddings) };
    case 'yarn':
      return {
        theta: base,
        scaling: {
          kind: 'yarn',
          factor: rope.factor,
          originalContext: rope.original_max_position_embeddings ?? defaults.maxPositionEmbeddings,
          attentionFactor: rope.attention_factor ?? quotientOfScales(rope),
          betaFast: rope.beta_fast ?? 32,
          betaSlow: rope.beta_slow ?? 1,
          truncate: rope.truncate ?? true,
        },
      };
  }
}

/** What DeepSeek's two scales say of cosines and sines; null where one is absent or zero, as transformers takes it. */
function quotientOfScales({ factor, mscale, mscale_all_dim: allDim }: RopeDictionary & { rope_type: 'yarn' }): number | null {
  if (!mscale || !allDim) return null;
  const scaleBy = (weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return scaleBy(mscale) / scaleBy(allDim);
}

/** The scaling of cosines and sines follows from how much longer rows may be, unless it is published. */
function longRope(rope: RopeDictionary & { rope_type: 'longrope' }, ownContext: number | undefined, maxPositionEmbeddings: number): LongRopeScaling {
  const originalContext = ownContext ?? rope.original_max_position_embeddings ?? maxPositionEmbeddings;
  const factor = rope.factor ?? maxPositionEmbeddings / originalContext;
  const attentionFactor = rope.attention_factor ?? longRopeAttentionFactor(factor, originalContext);
  return { kind: 'longrope', shortDivisors: rope.short_factor, longDivisors: rope.long_factor, originalContext, attentionFactor };
}

/** What cosines and sines are multiplied by where rows may be `factor` times as long as in the original training. */
export function longRopeAttentionFactor(factor: number, originalContext: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContext));
}

function refuseRope(problem: string): never {
  throw new ModelConfigError({ message: `config.json cannot be served: ${problem}.`, facts: { problems: [problem] } });
}

/** How many numbers of a head turn: the whole part of `headDim * factor`. `refuse` is told of a number that cannot be halved. */
export function turnedSize(headDim: number, factor: number, refuse: (problem: string) => never): number {
  const size = Math.trunc(headDim * factor);
  if (size < 2 || size % 2 !== 0) refuse(`${factor} of the ${headDim} numbers of a head are ${size}, which must be even and not zero: rotations turn pairs of numbers`);
  return size;
}

/** The published spellings of one rotation: `rope_theta` beside an optional `rope_scaling`, or `rope_parameters` with both inside. */
interface PublishedRope {
  readonly rope_theta?: number | null;
  readonly rope_scaling?: RopeDictionary | null;
  readonly rope_parameters?: RopeDictionary | null;
}

/** As `rotarySettings`, from whichever spelling a configuration has; `refuse` is told of two that contradict each other. */
export function publishedRotary({ rope_theta, rope_scaling, rope_parameters }: PublishedRope, defaults: RopeDefaults, refuse: (problem: string) => never): RotarySettings {
  if (rope_scaling && rope_parameters) refuse('rope_scaling and rope_parameters say the same thing: keep one of them');
  if (rope_theta && rope_parameters?.rope_theta && rope_theta !== rope_parameters.rope_theta) refuse(`rope_theta (${rope_theta}) and rope_parameters.rope_theta (${rope_parameters.rope_theta}) differ: keep the right one`);
  return rotarySettings(rope_parameters ?? rope_scaling ?? { rope_type: 'default' }, { ...defaults, theta: rope_theta ?? defaults.theta });
}

/**
 * The GGUF spelling, the same in every architecture: linear and yarn as keys. Only some architectures read the divisors of llama3 and longrope, which are
 * tensors (`takesDivisors`; the family adds them). Throws for what the file cannot say.
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
  if (scaling?.kind === 'longrope' && takesDivisors) {
    return {
      ...base,
      [`${prefix}.scaling.original_context_length`]: { type: 'uint32', value: scaling.originalContext },
      [`${prefix}.scaling.attn_factor`]: { type: 'float32', value: scaling.attentionFactor },
    };
  }
  if ((scaling?.kind === 'llama3' || scaling?.kind === 'longrope') && !takesDivisors) {
    const problem = `rope scaling of the kind ${scaling.kind} has no place in files of this architecture`;
    throw new ModelConfigError({ message: `GGUF export (${architecture}): ${problem}.`, facts: { problems: [problem] } });
  }
  // `dynamic` has no key, and changes nothing inside the context length that the file names.
  return base;
}
