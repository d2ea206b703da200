import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import type { Row } from './row.js';
import { TokenCounter } from './token-counter.js';

/** One token a letter, and the ends of turns. */
const letters = [...'abcdefghijklmnopqrstuvwxyz\n: '];
const tokenizer = Tokenizer.fromFiles({
  tokenizer: {
    model: { type: 'BPE', vocab: Object.fromEntries([...letters, '<|im_end|>'].map((text, id) => [text, id])), merges: [] },
    added_tokens: [{ id: letters.length, content: '<|im_end|>', special: true }],
  },
});
const template = new ChatTemplate("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ m.role + ':' + m.content + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}");
const row = (question: string, answer: string, extra: Partial<Row> = {}): Row => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: answer }], split: 'train', tags: [], ...extra });

test('counts what training would see, and what of it is trained', () => {
  const counter = new TokenCounter(tokenizer, template, 'sha256:x');
  counter.add(row('ab', 'cde'), 1);
  counter.add({ messages: [], text: 'abcdef', split: 'train', tags: [] }, 2);
  counter.add({ ...row('a', 'b'), messages: [{ role: 'system', content: 's' }, { role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }] }, 3);
  counter.add({ messages: [{ role: 'user', content: 'a' }], answerWith: 'self', split: 'train', tags: [] }, 4);
  counter.add(row('{{NAME}}', 'b'), 5);
  // user:ab<end>assistant:cde<end>
  expect(counter.finish()).toEqual({
    model: 'sha256:x', renderedBy: 'chat-template', total: 22 + 6, trained: 4 + 6, trainedShare: 10 / 28, shortest: 6, longest: 22, mean: 14, histogram: [{ upTo: 8, rows: 1 }, { upTo: 32, rows: 1 }], unfinished: 2,
    refused: { rows: 1, first: { row: 3, message: expect.stringContaining('no system') } },
  });
});

test('counts the contents alone where the model has no chat template', () => {
  const counter = new TokenCounter(tokenizer, undefined);
  for (let number = 1; number <= 40; number += 1) counter.add(row('ab', 'cde'), number);
  expect(counter.finish()).toMatchObject({ renderedBy: 'contents', total: 200, trained: 120, longest: 5, refused: { rows: 0 } });
});
