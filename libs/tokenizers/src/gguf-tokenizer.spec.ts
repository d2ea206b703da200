import { openGguf, writeGguf, type GgufValue } from '@tunesmith/checkpoints';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveMerges } from './gguf-sentencepiece.js';
import { tokenizerFilesFromGguf, type RebuiltTokenizer } from './gguf-tokenizer.js';
import { byteLevelVocabulary, sampleText, sentencePieceVocabulary } from './testing/small-vocabularies.js';
import { Tokenizer } from './tokenizer.js';

let folder: string;
let llama: Llama;
let fileNumber = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tunesmith-spec-'));
  llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.disabled });
});
afterAll(async () => {
  await llama.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function write(metadata: Record<string, GgufValue>): Promise<string> {
  const path = join(folder, `${(fileNumber += 1)}.gguf`);
  await writeGguf(path, { metadata, tensors: [] }, []);
  return path;
}

async function rebuild(metadata: Record<string, GgufValue>): Promise<RebuiltTokenizer> {
  await using source = await openGguf(await write(metadata));
  return tokenizerFilesFromGguf(source.metadata);
}

const load = (files: RebuiltTokenizer) =>
  Tokenizer.fromFiles({ tokenizer: files['tokenizer.json'], tokenizerConfig: files['tokenizer_config.json'], generationConfig: files['generation_config.json'] });

const specials = ['<|im_start|>', '<|im_end|>', '<|endoftext|>', 'q<think>', '<s>', '</s>', '<sep>', '<end_of_turn>', '<b>', '\n\n', '  '];
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...(sampleText.match(/\S+|\s+/g) ?? [])) },
  { weight: 2, arbitrary: fc.constantFrom(...' \n\t.,!?0123456789aBcÄß٣½²你好😀\u00a0\u2003\u0085', "'s", "'LL", '  ', '\r\n') },
  { weight: 1, arbitrary: fc.constantFrom(...specials) },
);
// Gemma's longest run of spaces has 31.
const anyText = fc
  .array(piece, { minLength: 1, maxLength: 12 })
  .map((pieces) => pieces.join('').normalize('NFC'))
  .filter((text) => !/ {32}/.test(text));

// The oracle is llama.cpp itself, on the same file.
describe.each<[string, Record<string, GgufValue>]>([
  ...['smollm', 'gpt-2', 'qwen2', 'llama-bpe', 'dbrx', 'stablelm2', 'olmo', 'gpt-4o', 'deepseek-llm', 'deepseek-coder', 'default'].map((pre): [string, Record<string, GgufValue>] => [`byte-level, ${pre}`, byteLevelVocabulary(pre)]),
  ['SentencePiece', sentencePieceVocabulary()],
  ['SentencePiece without the prefix space', sentencePieceVocabulary({ extra: { 'tokenizer.ggml.add_space_prefix': { type: 'bool', value: false } } })],
  ['Gemma', sentencePieceVocabulary({ gemma: true })],
])('a vocabulary of %s', (_, metadata) => {
  it('gives the tokens that llama.cpp gives', async () => {
    const path = await write(metadata);
    await using source = await openGguf(path);
    const tokenizer = load(tokenizerFilesFromGguf(source.metadata));
    const model = await llama.loadModel({ modelPath: path, vocabOnly: true });
    try {
      fc.assert(
        fc.property(anyText, (text) => {
          const expected = model.tokenize(text, true);
          const got = tokenizer.encode(text, { addSpecialTokens: false });
          expect({ text, tokens: got.map((id) => tokenizer.tokenText(id)) }).toEqual({ text, tokens: expected.map((id) => tokenizer.tokenText(id)) });
        }),
        { numRuns: 300, seed: 7 },
      );
    } finally {
      await model.dispose();
    }
  });

  it('gives back the text it was given', async () => {
    const tokenizer = load(await rebuild(metadata));
    // Where a space goes before every stretch between special tokens, it stays visible after one.
    const texts = tokenizer.tokenizesPartsAlike ? anyText : anyText.filter((text) => !specials.some((special) => text.includes(special)));
    fc.assert(fc.property(texts, (text) => { expect(tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }))).toBe(text); }), { numRuns: 100, seed: 7 });
  });
});

describe('deriveMerges', () => {
  it('orders by score, then by the longer left part', () => {
    const tokens = ['a', 'b', 'ab', 'abc', 'c', 'bc'];
    const scores = [0, 0, -2, -1, 0, -2];
    expect(deriveMerges(tokens, (id) => scores[id]!)).toEqual([
      ['ab', 'c'],
      ['a', 'bc'],
      ['a', 'b'],
      ['b', 'c'],
    ]);
  });
});

describe('tokenizerFilesFromGguf', () => {
  it('names special tokens, ends and the template', async () => {
    const template = '{% for m in messages %}{{ m.content }}{% endfor %}';
    const files = await rebuild(byteLevelVocabulary('smollm', { 'tokenizer.chat_template': { type: 'string', value: template }, 'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 0 } }));
    expect(files['tokenizer_config.json']).toEqual({
      add_bos_token: false,
      add_eos_token: false,
      bos_token: '<|im_start|>',
      eos_token: '<|endoftext|>',
      unk_token: '<|endoftext|>',
      pad_token: '<|im_end|>',
      chat_template: template,
      clean_up_tokenization_spaces: false,
      model_max_length: 512,
      tokenizer_class: 'PreTrainedTokenizerFast',
    });
    // <|im_end|> ends a chat turn, whatever the file says about the end of text.
    expect(files['generation_config.json']).toEqual({ bos_token_id: 1, eos_token_id: [0, 2], pad_token_id: 2 });
    expect(files.chatTemplate).toBe(template);
  });

  it('adds the first token where the file or the kind of vocabulary says so', async () => {
    const bos = async (metadata: Record<string, GgufValue>) => {
      const tokenizer = load(await rebuild(metadata));
      return tokenizer.encode('fox')[0] === tokenizer.bosTokenId;
    };
    const { 'tokenizer.ggml.add_bos_token': _, ...llama3 } = byteLevelVocabulary('llama-bpe');
    const { 'tokenizer.ggml.add_bos_token': __, ...smollm } = byteLevelVocabulary('smollm');
    expect(await bos(llama3)).toBe(true);
    expect(await bos(smollm)).toBe(false);
    expect(await bos(sentencePieceVocabulary())).toBe(true);
  });

  // As llama.cpp's converter writes them: the blanks of T5 as rows that nothing uses.
  const unigramVocabulary = (rows: number): Record<string, GgufValue> => {
    const tokens = ['<pad>', '</s>', '<unk>', '▁the', '▁', 'the', 'f', 'o', 'x', '▁fox', ...Array.from({ length: rows }, (_, row) => `[PAD${10 + row}]`)];
    return {
      'general.architecture': { type: 'string', value: 't5' },
      'tokenizer.ggml.model': { type: 'string', value: 't5' },
      'tokenizer.ggml.tokens': { type: 'array', elementType: 'string', value: tokens },
      'tokenizer.ggml.scores': { type: 'array', elementType: 'float32', value: tokens.map((_, id) => (id < 10 ? -id : -10_000)) },
      'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: tokens.map((_, id) => (id < 2 ? 3 : id === 2 ? 2 : id < 10 ? 1 : 5)) },
      'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 1 },
      'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: 2 },
    };
  };

  it('rebuilds Unigram vocabularies', async () => {
    const tokenizer = load(await rebuild(unigramVocabulary(102)));
    expect(tokenizer.encode('the <extra_id_98> fox<extra_id_0>')).toEqual([3, 11, 9, 109, 1]);
    expect(tokenizer.decode([3, 11, 9, 109], { skipSpecialTokens: true })).toBe('the fox');
  });

  it('takes the rows of a Unigram vocabulary for blanks only where there are as many as T5 has', async () => {
    const { 'tokenizer.json': json } = await rebuild(unigramVocabulary(12));
    expect(JSON.stringify(json)).not.toContain('extra_id');
  });

  it.each<[string, Record<string, GgufValue>, string]>([
    ['an unknown pre-tokenizer', byteLevelVocabulary('brand-new'), 'gguf-unknown-pre-tokenizer'],
    ['an unknown kind', { ...byteLevelVocabulary('smollm'), 'tokenizer.ggml.model': { type: 'string', value: 'rwkv' } }, 'gguf-unsupported-tokenizer'],
    ['a token twice', { ...byteLevelVocabulary('smollm'), 'tokenizer.ggml.tokens': { type: 'array', elementType: 'string', value: ['a', 'a'] } }, 'gguf-bad-vocabulary'],
    ['too few types', byteLevelVocabulary('smollm', { 'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: [1] } }), 'gguf-bad-vocabulary'],
    ['a merge of unknown parts', byteLevelVocabulary('smollm', { 'tokenizer.ggml.merges': { type: 'array', elementType: 'string', value: ['zz qq'] } }), 'gguf-bad-vocabulary'],
    ['a merge without two parts', byteLevelVocabulary('smollm', { 'tokenizer.ggml.merges': { type: 'array', elementType: 'string', value: ['zz'] } }), 'gguf-bad-vocabulary'],
    ['a special token that is not there', byteLevelVocabulary('smollm', { 'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 99_999 } }), 'gguf-bad-vocabulary'],
    ['a template that cannot be parsed', byteLevelVocabulary('smollm', { 'tokenizer.chat_template': { type: 'string', value: '{% for %}' } }), 'chat-template-bad-syntax'],
    [
      'a byte token that is none',
      sentencePieceVocabulary({ extra: { 'tokenizer.ggml.tokens': { type: 'array', elementType: 'string', value: ['<0x-1>'] }, 'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: [6] } } }),
      'gguf-bad-vocabulary',
    ],
  ])('refuses %s', async (_, metadata, code) => {
    await expect(rebuild(metadata)).rejects.toMatchObject({ code });
  });
});
