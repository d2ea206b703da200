import { PrecompiledCharsmap } from './precompiled-charsmap.js';
import { Tokenizer } from './tokenizer.js';

/** A double array as darts-clone lays it out, every node's children in a block of their own. */
function charsmap(replacements: Readonly<Record<string, string>>): string {
  interface Node {
    readonly children: Map<number, Node>;
    value?: number;
  }
  const root: Node = { children: new Map() };
  let texts = '';
  for (const [from, to] of Object.entries(replacements)) {
    let node = root;
    for (const byte of Buffer.from(from)) {
      const next: Node = node.children.get(byte) ?? { children: new Map() };
      node.children.set(byte, next);
      node = next;
    }
    node.value = Buffer.byteLength(texts);
    texts += `${to}\0`;
  }
  const units = new Map<number, number>();
  let block = 0;
  const place = (node: Node, at: number, label: number) => {
    block += 256;
    const base = block;
    units.set(at, ((((at ^ base) << 10) | label | (node.value === undefined ? 0 : 0x100)) >>> 0));
    if (node.value !== undefined) units.set(base, (node.value | 0x80000000) >>> 0);
    for (const [byte, child] of node.children) place(child, base ^ byte, byte);
  };
  place(root, 0, 0);
  const table = new Uint32Array(block + 256);
  for (const [at, unit] of units) table[at] = unit;
  return Buffer.concat([new Uint8Array(Uint32Array.of(table.byteLength).buffer), new Uint8Array(table.buffer), Buffer.from(texts)]).toString('base64');
}

const table = PrecompiledCharsmap.parse(charsmap({ '\ufeff': ' ', '\u3000': ' ', ﬁ: 'fi', Å: 'Å', '①': '1', '①②': 'never', A: 'a' }), 'tokenizer.json');

test.each([
  ['plain', 'plain'],
  ['ﬁn\u3000①', 'fin 1'],
  ['A\ufeffB', 'a B'],
  // The shortest beginning that is known stands for a whole grapheme of five bytes at most: its accent is gone, as in the reference.
  ['A\u0301', 'a'],
  // Longer graphemes go character by character; what joins emoji is not in the table and stays.
  ['👩\u200d👩\u200d👧', '👩\u200d👩\u200d👧'],
  ['A\u0301\u0302\u0303', 'a\u0301\u0302\u0303'],
  ['', ''],
])('%j becomes %j', (text, expected) => {
  expect(table.normalize(text)).toBe(expected);
});

test('a damaged table is refused', () => {
  expect(() => PrecompiledCharsmap.parse(Buffer.from([255, 0, 0, 0, 1]).toString('base64'), 'x/tokenizer.json')).toThrow(/x\/tokenizer.json: its precompiled_charsmap is damaged/);
});

test('tokenizers replace by the table, split where Unicode has white space, and keep U+FEFF that bytes spell', () => {
  const vocab = ['<unk>', '▁', 'a', 'b', 'fi', '\u200d', '\ufeff', '\u3000', '<0xEF>', '<0xBB>', '<0xBF>'];
  const unigram = Tokenizer.fromFiles({
    tokenizer: {
      normalizer: { type: 'Sequence', normalizers: [{ type: 'Precompiled', precompiled_charsmap: charsmap({ ﬁ: 'fi' }) }] },
      pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }] },
      model: { type: 'Unigram', unk_id: 0, vocab: vocab.map((piece, index) => [piece, -index - 1]) },
    },
  });
  const pieces = (text: string) => unigram.encode(text).map((id) => unigram.tokenText(id));
  expect(pieces('ﬁ\u200da')).toEqual(['▁', 'fi', '\u200d', 'a']);
  expect(pieces('a\u0085b')).toEqual(['▁', 'a', '▁', 'b']);
  expect(pieces('a\ufeffb')).toEqual(['▁', 'a', '\ufeff', 'b']);

  const bytes = Tokenizer.fromFiles({
    tokenizer: {
      model: { type: 'BPE', vocab: Object.fromEntries(vocab.map((piece, index) => [piece, index])), merges: [], byte_fallback: true },
      decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] },
    },
  });
  expect(bytes.decode([2, 8, 9, 10, 3])).toBe('a\ufeffb');
});
