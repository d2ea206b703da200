import { MappingStatistics } from './mapping-statistics.js';
import { smallVocabulary } from './testing/small-vocabulary.js';
import { TokenSurfaces } from './token-surfaces.js';
import { VocabularyMapping, type VocabularyRule } from './vocabulary-mapping.js';

const pivotTokens = ['<end>', '<start>', 'Ġthe', 'the', 'Ġfox', 'Ġfoxes', 'h', 'Ã', '©', 'hole', 'ole', '<unk>'];
const sourceTokens = ['<s>', '</s>', '▁the', 'the', '▁fo', '<0xC3>', '▁foxy', 'é', '▁hole', '▁'];
const pivot = smallVocabulary('byte-level', pivotTokens, { bos_token: '<start>', eos_token: '<end>', unk_token: '<unk>' });
const source = smallVocabulary('sentencepiece', sourceTokens, { bos_token: '<s>', eos_token: '</s>' });
const id = (token: string): number => sourceTokens.indexOf(token);

function mapped(rule: VocabularyRule, token: string, { unmapped = 'drop' as const, statistics }: { unmapped?: 'drop' | 'unknown'; statistics?: MappingStatistics } = {}): string | undefined {
  const found = new VocabularyMapping(pivot, source, { rule, unmapped }, statistics).map(id(token));
  return found === undefined ? undefined : pivotTokens[found];
}

/** Counts of pairs, as if they had been aligned one to one. */
function counted(pairs: readonly (readonly [pivot: string, source: string, times: number])[]): MappingStatistics {
  const statistics = new MappingStatistics();
  const one = { first: Int32Array.of(0), last: Int32Array.of(0), cost: 0 };
  for (const [own, other, times] of pairs) for (let time = 0; time < times; time += 1) statistics.add([pivotTokens.indexOf(own)], [id(other)], one);
  return statistics;
}

test('one text in two spellings is one token: word starts, and bytes of a character', () => {
  const exact: VocabularyRule = { kind: 'exact' };
  expect(mapped(exact, '▁the')).toBe('Ġthe');
  expect(mapped(exact, 'the')).toBe('the');
  expect(mapped(exact, '<0xC3>')).toBe('Ã');
  expect(mapped(exact, 'é')).toBeUndefined();
  expect(mapped(exact, '▁fo')).toBeUndefined();
});

test('a token that the pivot has no row for is nobody\'s counterpart', () => {
  const short = new TokenSurfaces(pivot.tokenizer, 4); // as far as "the"
  const map = (rule: VocabularyRule, token: string) => new VocabularyMapping(short, source, { rule, unmapped: 'drop' }).map(id(token));
  expect(map({ kind: 'edit-distance' }, '▁fo')).toBe(pivotTokens.indexOf('Ġthe'));
  expect(map({ kind: 'exact' }, 'the')).toBe(3);
  expect(map({ kind: 'exact' }, '<0xC3>')).toBeUndefined();
});

test('beginnings and ends of texts belong together whatever they are called', () => {
  expect(mapped({ kind: 'exact' }, '<s>')).toBe('<start>');
  expect(mapped({ kind: 'exact' }, '</s>')).toBe('<end>');
});

test('the smallest edit distance, the first of equal ones', () => {
  const nearest: VocabularyRule = { kind: 'edit-distance' };
  expect(mapped(nearest, '▁fo')).toBe('Ġfox');
  expect(mapped(nearest, '▁foxy')).toBe('Ġfox');
  expect(mapped(nearest, '▁hole')).toBe('hole');
  expect(mapped(nearest, '▁')).toBe('h'); // one edit, as for the two halves of é behind it
});

test('statistics: only what was aligned counts, by the published score or by how often', () => {
  const statistics = counted([['Ġfoxes', '▁foxy', 9], ['Ġfox', '▁foxy', 1], ['ole', '▁hole', 8], ['hole', '▁hole', 1]]);
  const repo: VocabularyRule = { kind: 'statistics', score: 'repo' };
  const frequent: VocabularyRule = { kind: 'statistics', score: 'max-frequency' };
  // sigmoid(9) · 2 edits against sigmoid(1) · 1 edit · 0.1, because foxy contains fox
  expect(mapped(repo, '▁foxy', { statistics })).toBe('Ġfox');
  expect(mapped(frequent, '▁foxy', { statistics })).toBe('Ġfoxes');
  // word starts aside, hole is hole
  expect(mapped(repo, '▁hole', { statistics })).toBe('hole');
  expect(mapped(frequent, '▁hole', { statistics })).toBe('ole');
  expect(mapped(repo, '▁fo', { statistics })).toBeUndefined();
});

test('the published score grows with the count: of two at one distance the rarer wins', () => {
  const statistics = counted([['hole', '▁foxy', 5], ['Ġthe', '▁foxy', 1]]);
  const distances = [4, 4]; // foxy to hole, foxy to the
  expect(distances[0]).toBe(distances[1]);
  expect(mapped({ kind: 'statistics', score: 'repo' }, '▁foxy', { statistics })).toBe('Ġthe');
  expect(mapped({ kind: 'statistics', score: 'max-frequency' }, '▁foxy', { statistics })).toBe('hole');
});

test('what nothing maps is dropped, or unknown as published code has it', () => {
  expect(mapped({ kind: 'exact' }, '▁fo', { unmapped: 'unknown' })).toBe('<unk>');
  const nameless = smallVocabulary('byte-level', pivotTokens, { eos_token: '<end>' });
  expect(new VocabularyMapping(nameless, source, { rule: { kind: 'exact' }, unmapped: 'unknown' }).map(id('▁fo'))).toBe(0);
  expect(new VocabularyMapping(pivot, source, { rule: { kind: 'exact' }, unmapped: 'unknown' }).map(9999)).toBeUndefined();
});
