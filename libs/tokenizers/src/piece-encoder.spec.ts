import { Tokenizer as JsonTokenizer } from '@huggingface/tokenizers';
import { GgufMetadata } from '@tunesmith/checkpoints';
import fc from 'fast-check';
import { BytePairMerger } from './byte-pair-merger.js';
import { tokenizerFilesFromGguf } from './gguf-tokenizer.js';
import type { JsonObject } from './json.js';
import { PieceEncoder } from './piece-encoder.js';
import { byteLevelVocabulary } from './testing/small-vocabularies.js';
import { prepareTokenizerJson } from './tokenizer-json.js';

/** Letters, and merges that overlap, so that ranks and ties decide. */
const pairs: readonly (readonly [string, string])[] = [['a', 'b'], ['b', 'a'], ['ab', 'a'], ['a', 'a'], ['b', 'b'], ['ab', 'ab'], ['Ġ', 'a'], ['Ġa', 'b'], ['aa', 'bb'], ['Ã', '¤'], ['c', 'ab'], ['1', '2']];
const alphabet = ['a', 'b', 'c', 'd', 'Ġ', 'Ċ', '1', '2', '.', "'", 's', 'Ã', '¤'];
const vocabulary = Object.fromEntries([...alphabet, ...pairs.map(([left, right]) => left + right)].map((text, id) => [text, id]));
const json = (change: JsonObject = {}, model: JsonObject = {}): JsonObject =>
  prepareTokenizerJson(
    {
      model: { type: 'BPE', vocab: vocabulary, merges: pairs, ...model },
      added_tokens: [{ id: 100, content: '<x>', special: true }, { id: 101, content: '<x>y', special: false, normalized: false }],
      pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, { type: 'ByteLevel', add_prefix_space: false, use_regex: true }] },
      ...change,
    },
    'small',
  );
const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', ' ', '  ', '\n', '1', '2', '.', "'s", 'ä', '<x>', '<x>y', '<x', 'abab', 'aabb'), maxLength: 40 });

describe('PieceEncoder', () => {
  test.each([
    ['digits and words', json()],
    ['one Split', json({ pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: '[ab]+|\\s' }, behavior: 'Isolated', invert: false }, { type: 'ByteLevel', add_prefix_space: false, use_regex: false }] } })],
    ['NFC before', json({ normalizer: { type: 'NFC' } })],
    ['whole words before merges', json({}, { ignore_merges: true })],
    ['an unknown token', json({}, { unk_token: 'd' })],
  ])('gives what the package gives: %s', (_name, tokenizer) => {
    const inner = new JsonTokenizer(tokenizer, {});
    const encoder = PieceEncoder.of(inner, tokenizer, {})!;
    fc.assert(
      fc.property(texts, (text) => {
        const expected = inner.encode(text, { add_special_tokens: false }).ids;
        expect(encoder.encode(text)).toEqual(expected);
        expect(encoder.encode(text)).toEqual(expected);
      }),
    );
  });

  test('is still right when the table of merges has taken over', () => {
    const files = tokenizerFilesFromGguf(new GgufMetadata(new Map(Object.entries(byteLevelVocabulary('smollm'))), 'small.gguf'));
    const tokenizer = prepareTokenizerJson(files['tokenizer.json'], 'small');
    const inner = new JsonTokenizer(tokenizer, {});
    const encoder = PieceEncoder.of(inner, tokenizer, {})!;
    for (let number = 0; number < 3000; number += 1) {
      const text = `the${(number * 7919).toString(36).replace(/\d/g, 'x')} fox`;
      expect(encoder.encode(text)).toEqual(inner.encode(text, { add_special_tokens: false }).ids);
    }
  });

  test('cuts what the tokenizer does not cut where no merge crosses: as Gemma writes words', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    const merges = [['a', 'b'], ['▁', '▁'], ['▁', 'ab'], ['>', '▁<'], ['▁', '<'], ['ab', 'a'], ['▁▁', '▁']];
    const vocab = Object.fromEntries(['<unk>', 'a', 'b', '▁', '>', '<', ...bytes, ...new Set(merges.map(([left, right]) => left! + right!))].map((text, id) => [text, id]));
    const tokenizer = json({ normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' }, pre_tokenizer: null, added_tokens: [{ id: 500, content: '<x>', special: true }] }, { vocab, merges, unk_token: '<unk>', fuse_unk: true, byte_fallback: true });
    const inner = new JsonTokenizer(tokenizer, {});
    const encoder = PieceEncoder.of(inner, tokenizer, {})!;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'ab', ' ', '  ', '>', '<', '> <', 'ä', '<x>'), maxLength: 30 }), (text) => {
        expect(encoder.encode(text)).toEqual(inner.encode(text, { add_special_tokens: false }).ids);
      }),
    );
  });

  test('is not made where pieces hang on their neighbours', () => {
    for (const change of [
      { pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' } },
      { pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false } },
      { pre_tokenizer: { type: 'Split', pattern: { Regex: '(a)b' }, behavior: 'Isolated', invert: false } },
      { pre_tokenizer: null, model: { type: 'BPE', vocab: vocabulary, merges: pairs, fuse_unk: true } },
      { added_tokens: [{ id: 100, content: '<x>', special: true, lstrip: true }] },
    ]) {
      const tokenizer = json(change);
      expect(PieceEncoder.of(new JsonTokenizer(tokenizer, {}), tokenizer, {})).toBeUndefined();
    }
  });
});

describe('BytePairMerger', () => {
  const known = new Map(Object.entries(vocabulary));
  const merger = BytePairMerger.of({ type: 'BPE', vocab: vocabulary, merges: pairs }, known)!;

  test('merges as the package does', () => {
    const inner = new JsonTokenizer(json(), {});
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 30 }), (word) => {
        expect(merger.merge(word)).toEqual(inner.encode(word, { add_special_tokens: false }).ids);
      }),
    );
  });

  test('leaves to others what it cannot do', () => {
    expect(merger.merge('a'.repeat(65))).toBeUndefined();
    expect(merger.merge('aß')).toBeUndefined();
    expect(BytePairMerger.of({ type: 'BPE', vocab: vocabulary, merges: pairs, end_of_word_suffix: '</w>' }, known)).toBeUndefined();
    expect(BytePairMerger.of({ type: 'Unigram', vocab: [] }, known)).toBeUndefined();
  });
});
