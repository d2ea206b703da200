import { GgufMetadata } from '@tunesmith/checkpoints';
import { tokenizerFilesFromGguf } from '../gguf-tokenizer.js';
import { Tokenizer } from '../tokenizer.js';
import { byteLevelVocabulary, sentencePieceVocabulary, unigramVocabulary } from './small-vocabularies.js';

function build(metadata: ReturnType<typeof byteLevelVocabulary>): Tokenizer {
  const files = tokenizerFilesFromGguf(new GgufMetadata(new Map(Object.entries(metadata)), 'small.gguf'));
  return Tokenizer.fromFiles({ tokenizer: files['tokenizer.json'], tokenizerConfig: files['tokenizer_config.json'], generationConfig: files['generation_config.json'] });
}

/** Byte-level, with <|im_start|> and <|im_end|>, adding nothing by itself. */
export const chatTokenizer = (): Tokenizer => build(byteLevelVocabulary('smollm'));

/** SentencePiece with <s> and </s>, which puts a space before the first word of every stretch and <s> before a text. */
export const prefixTokenizer = (): Tokenizer => build(sentencePieceVocabulary());

/** As Gemma: <bos>, <start_of_turn>, <end_of_turn>, no prefix space. */
export const gemmaTokenizer = (): Tokenizer => build(sentencePieceVocabulary({ gemma: true }));

/** As T5: Unigram, </s> behind every text, blanks <extra_id_3> to <extra_id_0>. */
export const unigramTokenizer = (): Tokenizer => build(unigramVocabulary());
