import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chatTokenizer, gemmaTokenizer, prefixTokenizer } from './testing/small-tokenizers.js';
import { Tokenizer } from './tokenizer.js';

const model = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, '<s>': 3, '</s>': 4, '<end_of_turn>': 5, '1': 6, '²': 7 }, merges: [['a', 'b']] };
const added = [3, 4, 5].map((id) => ({ id, content: ['<s>', '</s>', '<end_of_turn>'][id - 3], special: true }));
const small = (change: Record<string, unknown> = {}, configs: Record<string, unknown> = {}) => Tokenizer.fromFiles({ tokenizer: { model, added_tokens: added, ...change }, ...configs });

describe('Tokenizer', () => {
  it('encodes, decodes and knows its special tokens', () => {
    const tokenizer = chatTokenizer();
    const ids = tokenizer.encode('The fox<|im_end|>');
    expect(ids.at(-1)).toBe(2);
    expect(tokenizer.decode(ids)).toBe('The fox<|im_end|>');
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe('The fox');
    expect(tokenizer.tokenText(2)).toBe('<|im_end|>');
    expect(tokenizer.tokenId('<|im_end|>')).toBe(2);
    expect([tokenizer.isSpecial(2), tokenizer.isSpecial(40)]).toEqual([true, false]);
    expect(tokenizer).toMatchObject({ bosTokenId: 1, padTokenId: 2, eosTokenIds: [2], tokenizesPartsAlike: true });
  });

  it('handles nothing, and text that is only special', () => {
    const tokenizer = chatTokenizer();
    expect(tokenizer.encode('', { addSpecialTokens: false })).toEqual([]);
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([2], { skipSpecialTokens: true })).toBe('');
  });

  it('counts as vocabulary what added tokens add', () => {
    expect(small({ added_tokens: [...added, { id: 11, content: '<x>', special: false }] }).vocabularySize).toBe(12);
  });

  it('collects the ends of a generation from every configuration', () => {
    const configs = { tokenizerConfig: { eos_token: { content: '</s>' } }, generationConfig: { eos_token_id: [2, 4] }, modelConfig: { eos_token_id: 1 } };
    expect(small({}, configs).eosTokenIds).toEqual([2, 4, 1, 5]);
    expect(small({}, { generationConfig: { eos_token_id: 999 } }).eosTokenIds).toEqual([5]);
  });

  it('keeps blanks before punctuation unless the configuration says otherwise', () => {
    const vocabulary = { model: { ...model, vocab: { a: 0, ' .': 1 }, merges: [] }, added_tokens: [] };
    const text = (configs?: Record<string, unknown>) => small(vocabulary, configs).decode([0, 1]).replaceAll(' ', '_');
    expect(text()).toBe('a__.');
    expect(text({ tokenizerConfig: { clean_up_tokenization_spaces: true } })).not.toBe('a__.');
  });

  it('takes every Unicode number for a digit', () => {
    const tokenizer = small({ pre_tokenizer: { type: 'Digits', individual_digits: true } });
    expect(tokenizer.encode('ab²1ab')).toEqual([2, 7, 6, 2]);
  });

  it('fails when template and tokenizer both write the first token', () => {
    const tokenizer = prefixTokenizer();
    expect(tokenizer.encode('fox')[0]).toBe(tokenizer.bosTokenId);
    expect(() => tokenizer.encode('<s>fox')).toThrow(expect.objectContaining({ name: 'DoubledBosError', code: 'doubled-bos' }));
    expect(tokenizer.encode('<s>fox', { addSpecialTokens: false })[0]).toBe(tokenizer.bosTokenId);
  });

  it('knows which tokenizers put a space before a text', () => {
    expect([prefixTokenizer().tokenizesPartsAlike, gemmaTokenizer().tokenizesPartsAlike]).toEqual([false, true]);
    expect(small({ pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'first' } }).tokenizesPartsAlike).toBe(false);
    expect(small({ pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'ByteLevel', add_prefix_space: true }] } }).tokenizesPartsAlike).toBe(false);
  });

  it('knows the bytes of a token in every spelling', () => {
    const spelled = (tokenizer: Tokenizer, text: string) => Buffer.concat(tokenizer.encode(text, { addSpecialTokens: false }).map((id) => tokenizer.tokenBytes(id))).toString('latin1');
    // 犬 and 🦊 have no token: both fall back to bytes, which are parts of a character each.
    for (const text of ['the fox', ' naïve  café', '犬🦊', 'x\n\ty']) {
      const bytes = Buffer.from(text).toString('latin1');
      expect(spelled(chatTokenizer(), text)).toBe(bytes);
      expect(spelled(gemmaTokenizer(), text)).toBe(bytes);
      expect(spelled(prefixTokenizer(), text)).toBe(` ${bytes}`);
    }
    for (const tokenizer of [chatTokenizer(), gemmaTokenizer()]) expect(Buffer.from(tokenizer.tokenBytes(1)).toString()).toBe(tokenizer.tokenText(1));
  });

  it('refuses ids that do not exist', () => {
    expect(() => chatTokenizer().decode([99_999])).toThrow(expect.objectContaining({ code: 'tokenizer-unknown-id' }));
    expect(chatTokenizer().decode([99_999], { skipSpecialTokens: true })).toBe(''); // a padded vocabulary
    expect(() => chatTokenizer().tokenText(-1)).toThrow(expect.objectContaining({ code: 'tokenizer-unknown-id' }));
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'tokenizer-bad-json'],
    ['no model', {}, 'tokenizer-bad-json'],
    ['an unknown model', { model: { type: 'Magic', vocab: {} } }, 'tokenizer-unsupported'],
    ['dropout', { model: { ...model, dropout: 0.1 } }, 'tokenizer-unsupported'],
    ['whole-word tokens', { model, added_tokens: [{ id: 3, content: '<s>', single_word: true }] }, 'tokenizer-unsupported'],
    ['an unknown part', { model, decoder: { type: 'Magic' } }, 'tokenizer-bad-json'],
  ])('refuses %s', (_, tokenizer, code) => {
    expect(() => Tokenizer.fromFiles({ tokenizer })).toThrow(expect.objectContaining({ name: 'TokenizerError', code }));
  });

  it('reads a folder, and says what to do where tokenizer.json is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tunesmith-spec-'));
    try {
      await expect(Tokenizer.fromFolder(folder)).rejects.toMatchObject({ code: 'tokenizer-missing', message: expect.stringContaining('save_pretrained') });
      await writeFile(join(folder, 'tokenizer.json'), JSON.stringify({ model, added_tokens: added }));
      await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ bos_token: '<s>' }));
      expect((await Tokenizer.fromFolder(folder)).bosTokenId).toBe(3);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
