import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { encodePreferences } from './encode-preferences.js';
import { encodeConversations, encodeRows, type EncodedRow } from './encode-rows.js';
import { encodeTexts } from './encode-texts.js';
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

describe('encodeConversations', () => {
  let tokenizer: Tokenizer;
  let template: ChatTemplate;

  beforeAll(async () => {
    await using folder = await temporaryFolder();
    await writeTinyModel(folder.path);
    tokenizer = await Tokenizer.fromFolder(folder.path);
    template = (await ChatTemplate.fromFolder(folder.path))!;
  });

  /** The text of each stretch of tokens of one weight. */
  const stretches = ({ tokenIds, lossMask, lossWeights }: EncodedRow): (string | number)[][] => {
    const result: { ids: number[]; weight: number }[] = [];
    for (const [place, id] of tokenIds.entries()) {
      const weight = lossWeights?.[place] ?? Number(lossMask[place]);
      if (result.at(-1)?.weight === weight) result.at(-1)!.ids.push(id);
      else result.push({ ids: [id], weight });
    }
    return result.map(({ ids, weight }) => [tokenizer.decode(ids), weight]);
  };

  test('a loss scale weighs the pieces of an answer; its end weighs 1', async () => {
    const { rows } = await encodeConversations([row('Thought: a\nAction: f\nObservation: r')], tokenizer, template, { maxLength: 200, lossScale: 'react' });
    expect(stretches(rows[0]!)).toEqual([
      ['<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n', 0],
      ['Thought: a\n', 1],
      ['Action: f\nObservation:', 2],
      [' r', 0],
      ['<|im_end|>', 1],
      ['\n', 0],
    ]);
    expect(rows[0]!.lossMask).toEqual(rows[0]!.lossWeights!.map((weight) => weight > 0));
  });

  test('where every weight is 0 or 1 the plain mask is used, with the tokens as they were', async () => {
    const plain = await encodeConversations([row('I am Juniper.')], tokenizer, template, { maxLength: 200 });
    const all = await encodeConversations([row('I am Juniper.')], tokenizer, template, { maxLength: 200, lossScale: 'ignore_empty_think' });
    expect(plain.rows).toEqual(await encodeRows([row('I am Juniper.')], tokenizer, template, { maxLength: 200 }));
    expect(all.rows).toEqual(plain.rows);
    expect(plain.rows[0]).not.toHaveProperty('lossWeights');
    const questions = await encodeConversations([row('I am Juniper.')], tokenizer, template, { maxLength: 200, lossScale: 'all' });
    expect(questions.rows[0]!.lossMask.every(Boolean)).toBe(true);
  });

  test('refuses a row of which nothing would be trained, naming it', async () => {
    const silent = row('x', { messages: [{ role: 'user', content: 'Q' }, { role: 'assistant', content: 'A', loss: false }] });
    await expect(encodeConversations([row('fine'), silent], tokenizer, template, { maxLength: 100 })).rejects.toMatchObject({ code: 'empty-loss-mask', message: expect.stringMatching(/^Row 2: Nothing of this conversation/) });
  });

  test('refuses plain text, and text refuses conversations', async () => {
    const text: Row = { messages: [], text: 'words', split: 'train', tags: [] };
    await expect(encodeConversations([text], tokenizer, template, { maxLength: 100 })).rejects.toMatchObject({ code: 'not-a-conversation', message: expect.stringContaining('Row 1') });
    await expect(encodeTexts([text, row('x')], tokenizer, { maxLength: 100 })).rejects.toMatchObject({ code: 'not-plain-text', message: expect.stringContaining('Row 2') });
  });

  test('long rows are truncated, dropped or split, and counted', async () => {
    const rows = [row('short'), row('x'.repeat(150)), row('y'.repeat(150))];
    const fit = (longRows: 'truncate' | 'drop' | 'split') => encodeConversations(rows, tokenizer, template, { maxLength: 100, longRows });
    const [whole] = await encodeRows([rows[1]!], tokenizer, template, { maxLength: 1000 });
    const truncated = await fit('truncate');
    expect(truncated.longRows).toEqual({ truncated: 2, split: 0, dropped: 0 });
    expect(truncated.rows[1]).toEqual({ tokenIds: whole!.tokenIds.slice(0, 100), lossMask: whole!.lossMask.slice(0, 100), index: 1 });
    const dropped = await fit('drop');
    expect([dropped.rows.map(({ index }) => index), dropped.longRows.dropped]).toEqual([[0], 2]);
    const split = await fit('split');
    expect(split.longRows.split).toBe(2);
    const pieces = split.rows.filter(({ index }) => index === 1);
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.flatMap(({ tokenIds }) => tokenIds)).toEqual(whole!.tokenIds);
    expect(pieces.every(({ tokenIds }) => tokenIds.length <= 100)).toBe(true);
  });

  test('a row cut before its answer is dropped: nothing of it would be learned', async () => {
    const asked = row('x', { messages: [{ role: 'user', content: 'q'.repeat(150) }, { role: 'assistant', content: 'A' }] });
    const { rows, longRows } = await encodeConversations([asked, row('fine')], tokenizer, template, { maxLength: 100, longRows: 'truncate' });
    expect([rows.map(({ index }) => index), longRows]).toEqual([[1], { truncated: 0, split: 0, dropped: 1 }]);
  });

  test('plain text is learned whole, with the end token behind it, and long text in pieces', async () => {
    const text: Row = { messages: [], text: 'the whole text', split: 'train', tags: [] };
    const { rows } = await encodeTexts([text], tokenizer, { maxLength: 100 });
    expect(tokenizer.decode([...rows[0]!.tokenIds])).toBe('the whole text<|im_end|>');
    expect(rows[0]!.lossMask.every(Boolean)).toBe(true);
    const split = await encodeTexts([text], tokenizer, { maxLength: 5, longRows: 'split' });
    expect(split.rows.flatMap(({ tokenIds }) => tokenIds)).toEqual(rows[0]!.tokenIds);
  });

  test('a preference becomes two rows that differ in the last answer, the only one that is marked', async () => {
    const messages = [...row('first').messages, { role: 'user', content: 'And?' }, { role: 'assistant', content: 'good' }] as Row['messages'];
    const preference = row('', { messages, rejected: 'bad' });
    const { pairs } = await encodePreferences([preference], tokenizer, template, { maxLength: 300 });
    const said = pairs[0]!.map(({ tokenIds, lossMask }) => tokenizer.decode(tokenIds.filter((_, place) => lossMask[place])));
    expect(said).toEqual(['good<|im_end|>', 'bad<|im_end|>']);
    await expect(encodePreferences([preference, row('x')], tokenizer, template, { maxLength: 300 })).rejects.toMatchObject({ code: 'not-a-preference', message: expect.stringContaining('Row 2') });
    await expect(encodePreferences([preference], tokenizer, template, { maxLength: 20, longRows: 'split' })).rejects.toMatchObject({ code: 'cannot-split' });
    const dropped = await encodePreferences([preference], tokenizer, template, { maxLength: 20, longRows: 'drop' });
    expect(dropped).toEqual({ pairs: [], longRows: { truncated: 0, split: 0, dropped: 1 } });
  });
});
