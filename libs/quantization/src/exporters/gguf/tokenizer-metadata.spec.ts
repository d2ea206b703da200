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
  ['another kind of vocabulary', filesOf('llama', { tokenizer: { model: { type: 'Unigram', vocab: [] } } }), 320, /expected a BPE model/],
  ['a named token that is not there', filesOf('llama', { tokenizerConfig: { eos_token: '<|nowhere|>' } }), 320, /<\|nowhere\|>/],
])('refuses %s', (_, files, rows, message) => {
  expect(() => tokenizerMetadata(files, rows)).toThrow(expect.objectContaining({ code: 'tokenizer-not-convertible', message: expect.stringMatching(message) }));
});
