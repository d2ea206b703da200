import type { GgufValue } from '@tunesmith/checkpoints';
import { byteAlphabet } from '../byte-alphabet.js';

/** Small vocabularies for specs, learned from a few sentences, in the shape that GGUF files store them. */
export const sampleText =
  "The quick brown fox jumps over the lazy dog. It's the 25th of March 2024, and we're here; they'll say 12345! Naïve café, größer Straße. " +
  'Привет мир, как дела? 你好世界。 def main():\n    return [1, 2, 3]\n\n  the end  of the  file\t\ttabs. THE END OF IT. I\u2019m 😀 smiling 😀.\n';

type Metadata = Record<string, GgufValue>;

const text = (value: string): GgufValue => ({ type: 'string', value });
const number = (value: number): GgufValue => ({ type: 'uint32', value });
const flag = (value: boolean): GgufValue => ({ type: 'bool', value });
const texts = (value: readonly string[]): GgufValue => ({ type: 'array', elementType: 'string', value });

const common = (architecture: string): Metadata => ({ 'general.architecture': text(architecture), [`${architecture}.context_length`]: number(512) });

/** Byte-level BPE with three control tokens and one user-defined token (two spaces would not be one: it begins with a letter). */
export function byteLevelVocabulary(pre: string, extra: Metadata = {}): Metadata {
  const spelling = byteAlphabet();
  const spelled = (word: string) => Array.from(new TextEncoder().encode(word), (byte) => spelling[byte]!);
  const words = sampleText.match(/ ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+/gu) ?? [];
  const merges = learnMerges(words.map(spelled), 150);
  const control = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
  const tokens = [...control, ...spelling, ...merges.map(([left, right]) => left + right), 'q<think>'];
  const types = tokens.map((_, id) => (id < control.length ? 3 : id === tokens.length - 1 ? 4 : 1));
  return {
    ...common('llama'),
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text(pre),
    'tokenizer.ggml.tokens': texts(tokens),
    'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: types },
    'tokenizer.ggml.merges': texts(merges.map((pair) => pair.join(' '))),
    'tokenizer.ggml.bos_token_id': number(1),
    'tokenizer.ggml.eos_token_id': number(2),
    'tokenizer.ggml.unknown_token_id': number(0),
    'tokenizer.ggml.padding_token_id': number(2),
    'tokenizer.ggml.add_bos_token': flag(false),
    ...extra,
  };
}

/** SentencePiece BPE with byte fallback; with `gemma`, scores that say nothing and runs of spaces and line breaks as tokens of their own. */
export function sentencePieceVocabulary({ gemma = false, extra = {} }: { gemma?: boolean; extra?: Metadata } = {}): Metadata {
  const words = sampleText.split(/(?<=\S)(?= )/).map((word) => [...word.replaceAll(' ', '▁')]);
  const merges = learnMerges(words, 150);
  const control = gemma ? ['<pad>', '<eos>', '<bos>', '<unk>', '<start_of_turn>', '<end_of_turn>'] : ['<unk>', '<s>', '</s>'];
  // As in Gemma, the runs of spaces come first and are the only tokens with more than one space.
  const runs = Array.from({ length: 30 }, (_, i) => ' '.repeat(i + 2));
  const defined = gemma ? [...runs, '\n\n', '<b>'] : ['<sep>'];
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const characters = [...new Set(['▁', ...words.flat()])].filter((character) => character !== '\n' && character !== '\t');
  const pieces = [...new Set(merges.map(([left, right]) => left + right))].filter((piece) => !/[\n\t]/.test(piece) && !(gemma && piece.includes('▁▁')));
  const tokens = [...control, ...defined, ...bytes, ...pieces, ...characters];
  const first = control.length + defined.length;
  const types = tokens.map((token, id) => (token === '<unk>' ? 2 : id < control.length ? 3 : id < first ? 4 : id < first + 256 ? 6 : 1));
  const scores = tokens.map((_, id) => (gemma || id < first + 256 ? (gemma ? -1000 - id : 0) : -(id - first - 256)));
  const id = (token: string) => number(tokens.indexOf(token));
  return {
    ...common(gemma ? 'gemma3' : 'llama'),
    'tokenizer.ggml.model': text('llama'),
    'tokenizer.ggml.pre': text('default'),
    'tokenizer.ggml.tokens': texts(tokens),
    'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: types },
    'tokenizer.ggml.scores': { type: 'array', elementType: 'float32', value: scores },
    'tokenizer.ggml.bos_token_id': id(gemma ? '<bos>' : '<s>'),
    'tokenizer.ggml.eos_token_id': id(gemma ? '<eos>' : '</s>'),
    'tokenizer.ggml.unknown_token_id': id('<unk>'),
    'tokenizer.ggml.add_bos_token': flag(true),
    ...(gemma ? { 'tokenizer.ggml.padding_token_id': id('<pad>'), 'tokenizer.ggml.add_space_prefix': flag(false) } : {}),
    ...extra,
  };
}

/** Unigram as T5 has it: <pad>, </s>, <unk>, pieces with scores, then blanks; `</s>` ends every text. */
export function unigramVocabulary(extra: Metadata = {}): Metadata {
  const words = sampleText.split(/\s+/).filter(Boolean).map((word) => ['▁', ...word]);
  const pieces = learnMerges(words, 150).map(([left, right]) => left + right);
  const control = ['<pad>', '</s>', '<unk>'];
  const blanks = Array.from({ length: 4 }, (_, i) => `<extra_id_${3 - i}>`);
  const tokens = [...control, ...new Set(pieces), ...new Set(words.flat()), ...blanks];
  const types = tokens.map((token, id) => (token === '<unk>' ? 2 : id < control.length || blanks.includes(token) ? 3 : 1));
  // Longer pieces are likelier than what they are made of.
  const scores = tokens.map((token, id) => (types[id] === 1 ? -8 - 2 / token.length : 0));
  return {
    ...common('t5'),
    'tokenizer.ggml.model': text('t5'),
    'tokenizer.ggml.tokens': texts(tokens),
    'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', value: types },
    'tokenizer.ggml.scores': { type: 'array', elementType: 'float32', value: scores },
    'tokenizer.ggml.eos_token_id': number(1),
    'tokenizer.ggml.unknown_token_id': number(2),
    'tokenizer.ggml.padding_token_id': number(0),
    ...extra,
  };
}

/** The most frequent neighbours, merged one pair at a time; ties by first appearance. */
function learnMerges(words: readonly (readonly string[])[], count: number): [string, string][] {
  let current = words.map((word) => [...word]);
  const merges: [string, string][] = [];
  for (let step = 0; step < count; step += 1) {
    const frequencies = new Map<string, number>();
    for (const word of current) for (let i = 1; i < word.length; i += 1) frequencies.set(`${word[i - 1]}\u0000${word[i]}`, (frequencies.get(`${word[i - 1]}\u0000${word[i]}`) ?? 0) + 1);
    let best: [string, number] | undefined;
    for (const entry of frequencies) if (!best || entry[1] > best[1]) best = entry;
    if (!best || best[1] < 2) break;
    const [left = '', right = ''] = best[0].split('\u0000');
    merges.push([left, right]);
    current = current.map((word) => {
      const merged: string[] = [];
      for (const piece of word) {
        if (piece === right && merged.at(-1) === left) merged[merged.length - 1] = left + right;
        else merged.push(piece);
      }
      return merged;
    });
  }
  return merges;
}
