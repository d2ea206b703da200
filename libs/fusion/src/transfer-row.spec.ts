import { float16FromFloat32 } from '@tunesmith/checkpoints';
import type { RowDistributions } from '@tunesmith/training';
import { TokenAligner } from './align-tokens.js';
import { smallVocabulary } from './testing/small-vocabulary.js';
import { transferRow, type TransferRule } from './transfer-row.js';
import { VocabularyMapping } from './vocabulary-mapping.js';

const pivotTokens = ['<end>', 'the', 'Ġfoxhole', 'Ġfox', 'hole', '.', 'Ġa', 'x', 'Ġquickly'];
const sourceTokens = ['the', '▁fox', 'hole', '▁foxhole', '.', '▁a', '<', 'end', '>', '▁q', '▁quickly', '</s>'];
const pivot = smallVocabulary('byte-level', pivotTokens, { eos_token: '<end>' });
const source = smallVocabulary('sentencepiece', sourceTokens, { eos_token: '</s>' });
const entries = 2;

/** All places but the last are stored; `said` gives the entries of some, the others say "." and "▁a" (or "the"). */
function stored(tokens: readonly string[], vocabulary: readonly string[], said: Readonly<Record<number, readonly string[]>> = {}, without: readonly number[] = []): RowDistributions {
  const tokenIds = tokens.map((token) => vocabulary.indexOf(token));
  const places = Int32Array.from(tokens.keys()).filter((place) => place + 1 < tokens.length && !without.includes(place));
  const indices = [...places].flatMap((place) => (said[place] ?? ['.', 'the']).map((token) => vocabulary.indexOf(token)));
  return { tokenIds, places, indices: Int32Array.from(indices), logits: float16FromFloat32(Float32Array.from([...places].flatMap(() => [-0.5, -2]))), crossEntropy: 1 };
}

function transferred(own: readonly string[], other: readonly string[], rule: TransferRule, { said = {}, kind = 'exact' as const, without = [] as number[] }: { said?: Record<number, readonly string[]>; kind?: 'exact' | 'edit-distance'; without?: number[] } = {}) {
  const [pivotRow, sourceRow] = [stored(own, pivotTokens, { 0: ['x', 'Ġa'] }), stored(other, sourceTokens, said, without)];
  const alignment = new TokenAligner('pivot-first').align(pivotRow.tokenIds.map((id) => pivot.of(id)), sourceRow.tokenIds.map((id) => source.of(id)));
  const mapping = new VocabularyMapping(pivot, source, { rule: { kind }, unmapped: 'drop' });
  const row = transferRow(pivotRow, sourceRow, entries, alignment, { rule, pivot, source, mapping });
  return row.outcomes.map((outcome, place) => ({
    outcome,
    expects: [...row.indices.subarray(place * entries, (place + 1) * entries)].filter((id) => id >= 0).map((id) => pivotTokens[id]),
    logits: [...row.logits.subarray(place * entries, (place + 1) * entries)],
  }));
}

const rules: readonly TransferRule[] = ['fusellm-hard', 'fusellm-soft', 'fusechat'];

test.each(rules)('1-1: equal texts carry over (%s)', (rule) => {
  const [first, second] = transferred(['the', 'Ġfox', '.'], ['the', '▁fox', '.'], rule, { said: { 0: ['▁fox', '▁a'], 1: ['.', '▁q'] } });
  expect(first).toEqual({ outcome: 'fused', expects: ['Ġfox', 'Ġa'], logits: [-0.5, -2] });
  // ▁q is nobody's in the pivot: its place stays empty.
  expect(second).toEqual({ outcome: 'fused', expects: ['.'], logits: [-0.5, -Infinity] });
});

test('1-n: nothing for FuseLLM, the last of those that spell the token for FuseChat', () => {
  const row = (rule: TransferRule) => transferred(['Ġquickly', 'Ġfoxhole', '.', 'Ġa'], ['▁quickly', '▁fox', 'hole', '.', '▁a'], rule, { said: { 1: ['hole', '.'], 2: ['.', '▁a'] } });
  expect(row('fusechat')[1]).toMatchObject({ outcome: 'fused', expects: ['.', 'Ġa'] });
  // The fallback is the token that follows, alone: not the place's own, as in FuseLLM's code.
  for (const rule of ['fusellm-hard', 'fusellm-soft'] as const) expect(row(rule)[1]).toEqual({ outcome: 'several', expects: ['.'], logits: [0, -Infinity] });
});

test('n-1: only the last pivot token of the group learns, and only in FuseChat', () => {
  const row = (rule: TransferRule) => transferred(['Ġquickly', 'Ġfox', 'hole', '.', 'Ġa'], ['▁quickly', '▁foxhole', '.', '▁a'], rule, { said: { 1: ['.', '▁a'] } }).slice(1, 3);
  expect(row('fusechat')).toMatchObject([{ outcome: 'different', expects: ['hole'] }, { outcome: 'fused', expects: ['.', 'Ġa'] }]);
  expect(row('fusellm-hard')).toMatchObject([{ outcome: 'different', expects: ['hole'] }, { outcome: 'different', expects: ['.'] }]);
});

test('other texts: FuseLLM soft takes what maps to the token, the others do not', () => {
  const row = (rule: TransferRule) => transferred(['the', 'Ġa', '.'], ['the', '▁q', '.'], rule, { kind: 'edit-distance' })[1];
  expect(row('fusellm-soft')).toMatchObject({ outcome: 'fused', expects: ['.', 'the'] });
  expect(row('fusellm-hard')).toMatchObject({ outcome: 'different', expects: ['.'] });
  expect(row('fusechat')).toMatchObject({ outcome: 'different', expects: ['.'] });
});

test('of several tokens that map to one the first, the likeliest, stands', () => {
  // By edit distance ▁q is nearest to Ġa, and so is ▁a itself.
  expect(transferred(['the', 'Ġfox', '.'], ['the', '▁fox', '.'], 'fusechat', { kind: 'edit-distance', said: { 1: ['▁q', '▁a'] } })[1]).toEqual({ outcome: 'fused', expects: ['Ġa'], logits: [-0.5, -Infinity] });
});

test('where none of the expected tokens has a counterpart the pivot keeps its own word', () => {
  expect(transferred(['the', 'Ġfox', '.'], ['the', '▁fox', '.'], 'fusechat', { said: { 0: ['▁q', '<'] } })[0]).toEqual({ outcome: 'unmapped', expects: ['x', 'Ġa'], logits: [-0.5, -2] });
});

test('a source that spells the end of a turn in letters does not teach them, nor what it was not asked', () => {
  const spelled = transferred(['the', '.', '<end>'], ['the', '.', '<', 'end', '>'], 'fusechat', { said: { 1: ['<', '.'] } });
  expect(spelled[1]).toEqual({ outcome: 'special-follows', expects: ['<end>'], logits: [0, -Infinity] });
  expect(transferred(['the', '.', 'Ġa'], ['the', '.', '▁a'], 'fusechat', { without: [1] })[1]).toMatchObject({ outcome: 'not-stored', expects: ['Ġa'] });
});
