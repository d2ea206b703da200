import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { encodeRows } from './encode-rows.js';
import type { Row } from './row.js';

const row = (answer: string, extra: Partial<Row> = {}): Row => ({
  messages: [
    { role: 'user', content: 'Who are you?' },
    { role: 'assistant', content: answer },
  ],
  split: 'train',
  tags: [],
  ...extra,
});

describe('encodeRows', () => {
  let tokenizer: Tokenizer;
  let template: ChatTemplate;

  beforeAll(async () => {
    await using folder = await temporaryFolder();
    await writeTinyModel(folder.path);
    tokenizer = await Tokenizer.fromFolder(folder.path);
    template = (await ChatTemplate.fromFolder(folder.path))!;
  });

  test('masks in what the assistant says, and its end', async () => {
    const [encoded] = await encodeRows([row('I am Juniper.')], tokenizer, template, { maxLength: 200 });
    const { tokenIds, lossMask, index } = encoded!;
    expect(index).toBe(0);
    expect(lossMask).toHaveLength(tokenIds.length);
    expect(tokenizer.decode([...tokenIds], { skipSpecialTokens: false })).toContain('<|im_start|>assistant\nI am Juniper.<|im_end|>');
    const trained = tokenIds.filter((_, place) => lossMask[place]);
    expect(tokenizer.decode(trained, { skipSpecialTokens: true }).trim()).toBe('I am Juniper.');
    expect(trained).toContain(tokenizer.eosTokenIds[0]);
  });

  test('refuses rows that are too long, naming each with its length, and keeps none of them', async () => {
    const rows = [row('short'), row('x'.repeat(300)), row('short'), row('y'.repeat(500))];
    await expect(encodeRows(rows, tokenizer, template, { maxLength: 100 })).rejects.toMatchObject({
      code: 'row-too-long',
      message: expect.stringMatching(/at most 100 tokens; got row 2 \(3\d\d tokens\), row 4 \(5\d\d tokens\)\. Raise maxLength to 5\d\d/),
      facts: { maxLength: 100, rows: [{ row: 2 }, { row: 4 }] },
    });
  });

  test('refuses rows that wait for an answer and rows with placeholders', async () => {
    const waiting = row('', { messages: [{ role: 'user', content: 'Q' }], answerWith: 'self' });
    await expect(encodeRows([row('fine'), waiting], tokenizer, template, { maxLength: 100 })).rejects.toMatchObject({ code: 'row-waits-for-answer', message: expect.stringContaining('Row 2') });
    await expect(encodeRows([row('I am {{NAME}}.')], tokenizer, template, { maxLength: 100 })).rejects.toMatchObject({ code: 'placeholder-without-value', facts: { missing: ['NAME'] } });
  });
});
