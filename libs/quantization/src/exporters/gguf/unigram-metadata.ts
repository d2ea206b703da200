import type { GgufValue } from '@tunesmith/checkpoints';
import { isDeepStrictEqual } from 'node:util';
import { notConvertible, stagesOf, type Stage, type TokenizerJson, type UnigramModel } from './tokenizer-json.js';

/** What llama.cpp's converter gives to rows that no token uses. */
const unusedScore = -10_000;

/**
 * What a Unigram vocabulary (T5) has in `tokenizer.ggml.*` beside its tokens and their types: how likely each is, and what is done to a text first.
 * Throws QuantizationError `tokenizer-not-convertible` for stages that llama.cpp has nothing for.
 */
export function unigramMetadata(tokenizer: TokenizerJson, model: UnigramModel, rows: number): Map<string, GgufValue> {
  const stages = [...stagesOf(tokenizer.normalizer), ...stagesOf(tokenizer.pre_tokenizer)];
  const foreign = stages.find((stage) => !isKnown(stage));
  if (foreign !== undefined) throw notConvertible(`llama.cpp has nothing for its stage ${JSON.stringify(foreign)}`, { stage: foreign });
  const metaspace = stages.find(({ type }) => type === 'Metaspace');
  const charsmap = stages.find(({ type }) => type === 'Precompiled')?.['precompiled_charsmap'];
  return new Map<string, GgufValue>([
    ['model', { type: 'string', value: 't5' }],
    ['pre', { type: 'string', value: 'default' }],
    ['scores', { type: 'array', elementType: 'float32', value: Float32Array.from({ length: rows }, (_, id) => model.vocab[id]?.[1] ?? unusedScore) }],
    ['add_space_prefix', { type: 'bool', value: metaspace !== undefined && metaspace['prepend_scheme'] !== 'never' && metaspace['add_prefix_space'] !== false }],
    ['remove_extra_whitespaces', { type: 'bool', value: stages.some(({ type }) => type === 'WhitespaceSplit' || type === 'Replace') }],
    ...(typeof charsmap === 'string' ? [['precompiled_charsmap', { type: 'array', elementType: 'uint8', value: Uint8Array.from(Buffer.from(charsmap, 'base64')) }] as const] : []),
  ]);
}

function isKnown(stage: Stage): boolean {
  if (stage.type === 'Replace') return isDeepStrictEqual(stage['pattern'], { Regex: ' {2,}' });
  return ['Precompiled', 'WhitespaceSplit', 'Metaspace'].includes(stage.type);
}
