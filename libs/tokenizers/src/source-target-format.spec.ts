import { SourceTargetFormat } from './source-target-format.js';
import { chatTokenizer, unigramTokenizer } from './testing/small-tokenizers.js';

const format = new SourceTargetFormat(0);
const tokenizer = unigramTokenizer();
const [system, user, assistant] = [{ role: 'system', content: 'Be quick.' }, { role: 'user', content: 'The fox?' }, { role: 'assistant', content: 'It jumps.' }] as const;

it('trains the answer and its end token, after the start token; the instruction is the source', () => {
  const { tokenIds, lossMask, sourceTokenIds } = format.encodeForTraining(tokenizer, [user, assistant]);
  expect(tokenIds[0]).toBe(0);
  expect(tokenizer.decode(tokenIds.slice(1))).toBe('It jumps.</s>');
  expect(lossMask).toEqual(tokenIds.map((_, place) => place > 0));
  expect(tokenizer.decode(sourceTokenIds!)).toBe('The fox?</s>');
});

it('gives the same source to serving, and only the start token', () => {
  const trained = format.encodeForTraining(tokenizer, [system, user, assistant]);
  expect(format.encodePrompt(tokenizer, [system, user])).toEqual({ tokenIds: [0], sourceTokenIds: trained.sourceTokenIds });
  expect(trained.sourceTokenIds).toEqual(tokenizer.encode('Be quick.\n\nThe fox?'));
  expect(format.encodeConversation(tokenizer, [system, user, assistant])).toEqual({ tokenIds: trained.tokenIds, sourceTokenIds: trained.sourceTokenIds });
});

it('writes the end token where the tokenizer does not', () => {
  const silent = chatTokenizer();
  const { tokenIds, sourceTokenIds } = format.encodePair(silent, 'the', 'fox');
  for (const ids of [tokenIds, sourceTokenIds!]) expect(silent.eosTokenIds[0]).toBe(ids.at(-1));
  expect(format.encodePair(tokenizer, '', '')).toEqual({ tokenIds: [0, 1], lossMask: [false, true], sourceTokenIds: [1] });
});

it.each([[[user, assistant, user, assistant]], [[assistant]], [[system, assistant]], [[user, user, assistant]]])('refuses what is not one question and one answer', (messages) => {
  expect(() => format.encodeForTraining(tokenizer, messages)).toThrow(expect.objectContaining({ code: 'not-one-instruction' }));
});

it('refuses to train where there is no answer, and to answer an answer', () => {
  expect(() => format.encodeForTraining(tokenizer, [user])).toThrow(expect.objectContaining({ code: 'empty-loss-mask' }));
  expect(() => format.encodePrompt(tokenizer, [user, assistant])).toThrow(expect.objectContaining({ code: 'not-one-instruction' }));
});
