import { z } from 'zod';
import { QuantizationError } from '../../quantization-error.js';

const AddedToken = z.object({ id: z.int().nonnegative(), content: z.string(), special: z.boolean() });

/** A stage of the pipeline; what else it holds depends on its type. */
export const Stage = z.looseObject({ type: z.string() });
export type Stage = z.infer<typeof Stage>;

/** Older files write a merge as one text, newer ones as a pair. */
const BpeModel = z.looseObject({
  type: z.literal('BPE'),
  vocab: z.record(z.string(), z.int().nonnegative()),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  unk_token: z.string().nullish(),
});
export type BpeModel = z.infer<typeof BpeModel>;

/** Tokens in the order of their ids, each with the logarithm of its probability. */
const UnigramModel = z.looseObject({
  type: z.literal('Unigram'),
  vocab: z.array(z.tuple([z.string(), z.number()])),
  unk_id: z.int().nonnegative().nullish(),
  byte_fallback: z.literal(false, { error: 'expected false: llama.cpp has no byte tokens in Unigram vocabularies' }).nullish(),
});
export type UnigramModel = z.infer<typeof UnigramModel>;

/** The parts of a tokenizer.json that GGUF keeps. */
export const TokenizerJson = z.looseObject({
  added_tokens: z.array(AddedToken).default([]),
  normalizer: Stage.nullish(),
  pre_tokenizer: Stage.nullish(),
  post_processor: Stage.nullish(),
  model: z.discriminatedUnion('type', [BpeModel, UnigramModel], { error: 'expected a BPE or a Unigram model; WordPiece vocabularies cannot be written to GGUF' }),
});
export type TokenizerJson = z.infer<typeof TokenizerJson>;

/** Throws QuantizationError `tokenizer-not-convertible`. */
export function parseTokenizerJson(json: unknown): TokenizerJson {
  const parsed = TokenizerJson.safeParse(json);
  if (parsed.success) return parsed.data;
  throw notConvertible(`tokenizer.json: ${z.prettifyError(parsed.error)}`);
}

/** A stage and, where it is a sequence, what it is made of, flat. */
export function stagesOf(stage: Stage | null | undefined): Stage[] {
  if (!stage) return [];
  if (stage.type !== 'Sequence') return [stage];
  // The three kinds of pipeline name their list differently.
  const parts = stage['pretokenizers'] ?? stage['normalizers'] ?? stage['processors'];
  return z.array(Stage).parse(parts).flatMap(stagesOf);
}

/** The text of a special token: plain, or an object with its content. */
export const SpecialToken = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]);

export function notConvertible(problem: string, facts: Record<string, unknown> = {}): QuantizationError {
  return new QuantizationError({
    code: 'tokenizer-not-convertible',
    message: `The tokenizer cannot be written to GGUF faithfully: ${problem}. An ONNX target carries tokenizer.json as it is.`,
    facts,
  });
}
