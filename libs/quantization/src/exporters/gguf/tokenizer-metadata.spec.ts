import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTinyModel } from '../../testing/tiny-models.js';
import { tokenizerMetadata, type TokenizerFiles } from './tokenizer-metadata.js';

function filesOf(name: 'llama' | 'gemma3', changes: Partial<TokenizerFiles> = {}): TokenizerFiles {
  const { folder } = readTinyModel(name);
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
  return { tokenizer: read('tokenizer.json'), tokenizerConfig: read('tokenizer_config.json'), chatTemplate: 'template', ...changes };
}

function valuesOf(files: TokenizerFiles, rows: number): Record<string, unknown> {
  return Object.fromEntries(Array.from(tokenizerMetadata(files, rows), ([key, { value }]) => [key, value]));
}

test('a byte-level vocabulary keeps its merges', () => {
  const values = valuesOf(filesOf('llama'), 320);
  expect(values).toMatchObject({
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.unknown_token_id': 0,
    'tokenizer.ggml.padding_token_id': 2,
    'tokenizer.ggml.add_bos_token': false,
    'tokenizer.ggml.add_space_prefix': false,
    'tokenizer.chat_template': 'template',
  });
  expect((values['tokenizer.ggml.tokens'] as string[]).slice(0, 4)).toEqual(['<|endoftext|>', '<|im_start|>', '<|im_end|>', '!']);
  expect([...(values['tokenizer.ggml.token_type'] as Int32Array)].slice(0, 4)).toEqual([3, 3, 3, 1]);
  expect((values['tokenizer.ggml.merges'] as string[])[0]).toMatch(/^\S+ \S+$/);
});

test('a SentencePiece vocabulary gets scores in the order of its merges', () => {
  const values = valuesOf(filesOf('gemma3'), 382);
  expect(values).toMatchObject({ 'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.add_space_prefix': false, 'tokenizer.ggml.bos_token_id': 2 });
  const tokens = values['tokenizer.ggml.tokens'] as string[];
  const types = values['tokenizer.ggml.token_type'] as Int32Array;
  expect([types[0], types[3], types[6], types[381]]).toEqual([3, 2, 6, 1]);
  const scores = values['tokenizer.ggml.scores'] as Float32Array;
  const json = filesOf('gemma3').tokenizer as { model: { merges: [string, string][] } };
  const merged = json.model.merges.map((pair) => scores[tokens.indexOf(pair.join(''))]!);
  expect(merged).toEqual([...merged].sort((a, b) => b - a));
});

test('user-defined tokens of a SentencePiece vocabulary have the spaces that llama.cpp finds in a text and writes', () => {
  const files = filesOf('gemma3');
  const json = files.tokenizer as { added_tokens: object[] };
  const tokenizer = { ...json, added_tokens: [...json.added_tokens, { id: 382, content: '▁▁▁', special: false }, { id: 383, content: '<▁>', special: true }] };
  const values = valuesOf({ ...files, tokenizer }, 384);
  expect((values['tokenizer.ggml.tokens'] as string[]).slice(382)).toEqual(['   ', '<▁>']);
  expect([...(values['tokenizer.ggml.token_type'] as Int32Array)].slice(382)).toEqual([4, 3]);
});

test('tokens that tokenizer_config.json does not name are those of config.json; ids without a token are none', () => {
  const files = filesOf('llama', { tokenizerConfig: { eos_token: '<|im_end|>' }, configJson: { bos_token_id: 1, eos_token_id: 0, pad_token_id: -1, unk_token_id: 321 } });
  const values = valuesOf(files, 322);
  expect(values).toMatchObject({ 'tokenizer.ggml.bos_token_id': 1, 'tokenizer.ggml.eos_token_id': 2, 'tokenizer.ggml.add_bos_token': false });
  expect(values).not.toHaveProperty(['tokenizer.ggml.padding_token_id']);
  expect(values).not.toHaveProperty(['tokenizer.ggml.unknown_token_id']);
  expect(valuesOf({ ...files, tokenizerConfig: {}, configJson: { eos_token_id: [2, 0] } }, 322)).toMatchObject({ 'tokenizer.ggml.eos_token_id': 2 });
});

/** As T5 has it. */
function unigram(changes: object = {}, model: object = {}): TokenizerFiles {
  const vocab = [['<pad>', 0], ['</s>', 0], ['<unk>', 0], ['▁the', -2], ['▁', -3], ['<extra_id_0>', 0]];
  const tokenizer = {
    added_tokens: [0, 1, 2, 5].map((id) => ({ id, content: vocab[id]![0], special: true })),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Precompiled', precompiled_charsmap: Buffer.of(1, 255, 3).toString('base64') }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }] },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: { type: 'TemplateProcessing', single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }] },
    model: { type: 'Unigram', unk_id: 2, vocab, ...model },
    ...changes,
  };
  return { tokenizer, tokenizerConfig: { eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' }, chatTemplate: undefined };
}

test('a Unigram vocabulary keeps its scores, and what is done to a text first', () => {
  const values = valuesOf(unigram(), 7);
  expect(values).toMatchObject({
    'tokenizer.ggml.model': 't5',
    'tokenizer.ggml.tokens': ['<pad>', '</s>', '<unk>', '▁the', '▁', '<extra_id_0>', '[PAD6]'],
    'tokenizer.ggml.scores': Float32Array.of(0, 0, 0, -2, -3, 0, -10_000),
    'tokenizer.ggml.token_type': Int32Array.of(3, 3, 2, 1, 1, 3, 5),
    'tokenizer.ggml.precompiled_charsmap': Uint8Array.of(1, 255, 3),
    'tokenizer.ggml.add_space_prefix': true,
    'tokenizer.ggml.remove_extra_whitespaces': true,
    'tokenizer.ggml.eos_token_id': 1,
    'tokenizer.ggml.unknown_token_id': 2,
    'tokenizer.ggml.padding_token_id': 0,
    'tokenizer.ggml.add_bos_token': false,
    'tokenizer.ggml.add_eos_token': true,
  });
  const bare = valuesOf(unigram({ normalizer: null, pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'never' }, post_processor: null }), 6);
  expect(bare).toMatchObject({ 'tokenizer.ggml.add_space_prefix': false, 'tokenizer.ggml.remove_extra_whitespaces': false, 'tokenizer.ggml.add_eos_token': false });
  expect(bare).not.toHaveProperty('tokenizer.ggml.precompiled_charsmap');
});

test('rows without a token are unused', () => {
  const values = valuesOf(filesOf('llama'), 322);
  expect((values['tokenizer.ggml.tokens'] as string[]).slice(319)).toEqual([expect.any(String), '[PAD320]', '[PAD321]']);
  expect([...(values['tokenizer.ggml.token_type'] as Int32Array)].slice(320)).toEqual([5, 5]);
});

test('the first token is added where the post-processor adds it', () => {
  const files = filesOf('llama');
  const tokenizer = { ...(files.tokenizer as object), post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<|im_start|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }] } };
  expect(valuesOf({ ...files, tokenizer }, 320)['tokenizer.ggml.add_bos_token']).toBe(true);
});

test.each([
  ['a token beyond the embedding', filesOf('llama'), 300, /the embedding has 300 rows/],
  ['no tokenizer', filesOf('llama', { tokenizer: undefined }), 320, /tokenizer\.json/],
  ['another kind of vocabulary', filesOf('llama', { tokenizer: { model: { type: 'WordPiece', vocab: {} } } }), 320, /expected a BPE or a Unigram model/],
  ['a stage of a Unigram vocabulary that llama.cpp lacks', unigram({ normalizer: { type: 'Lowercase' } }), 8, /nothing for its stage .*Lowercase/],
  ['byte tokens of a Unigram vocabulary', unigram({}, { byte_fallback: true }), 8, /byte_fallback/],
  ['a named token that is not there', filesOf('llama', { tokenizerConfig: { eos_token: '<|nowhere|>' } }), 320, /<\|nowhere\|>/],
])('refuses %s', (_, files, rows, message) => {
  expect(() => tokenizerMetadata(files, rows)).toThrow(expect.objectContaining({ code: 'tokenizer-not-convertible', message: expect.stringMatching(message) }));
});
