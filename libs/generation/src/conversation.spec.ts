import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectRows, importDataset } from '@tunesmith/datasets';
import { liveTensors, setThreads, type WorkContext } from '@tunesmith/tensor';
import { temporaryFolder, writeSpeakingModel } from '@tunesmith/tests-support';
import { answerConversation, answerConversations } from './answer-conversation.js';
import { completeRowsWithModel } from './complete-rows.js';
import { loadForInference, type InferenceModel } from './load-for-inference.js';
import { ownModel } from './own-model.js';
import { parseScoreRow, scoreTokens } from './score-tokens.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const question = { role: 'user', content: 'What is the weather?' } as const;

describe('with a model that always says the same', () => {
  let folder: AsyncDisposable & { path: string };
  let modelFolder: string;
  let loaded: InferenceModel;
  let before: number;

  beforeAll(async () => {
    setThreads(1);
    folder = await temporaryFolder();
    modelFolder = join(folder.path, 'model');
    await writeSpeakingModel(modelFolder, 'So. Warm');
    before = liveTensors();
    loaded = await loadForInference(modelFolder, { dtype: 'float32' });
  });
  afterAll(async () => {
    loaded[Symbol.dispose]();
    expect(liveTensors()).toBe(before);
    await folder[Symbol.asyncDispose]();
  });

  test('loads the model with tokenizer, template and limits', () => {
    expect(loaded.contextLength).toBe(2048);
    expect(loaded.format).toBeDefined();
    expect(loaded.model.vocabularySize).toBe(loaded.tokenizer.vocabularySize);
  });

  test('answers conversations, alone and side by side', async () => {
    const live = liveTensors();
    expect(await answerConversation(ownModel(loaded), [question], { maxNewTokens: 20 }, context)).toMatchObject({ text: 'So. Warm', finish: 'stop' });
    const conversations = [[question], [{ role: 'system', content: 'Be brief.' } as const, question, { role: 'assistant', content: 'Fine.' } as const, question]];
    const answers = await answerConversations(ownModel(loaded), conversations, { maxNewTokens: 4 }, context);
    expect(answers.map(({ text, finish }) => [text, finish])).toEqual([
      ['So. ', 'length'],
      ['So. ', 'length'],
    ]);
    expect(liveTensors()).toBe(live);
  });

  test.each([[[]], [[question, { role: 'assistant', content: 'Fine.' } as const]]])('refuses a conversation without a question at the end', async (messages) => {
    await expect(answerConversation(ownModel(loaded), messages, { maxNewTokens: 4 }, context)).rejects.toMatchObject({ code: 'conversation-without-question' });
  });

  test('scores text, prompt with completion, and conversations; the first token has no number', async () => {
    const live = liveTensors();
    const [text, split, conversation] = await scoreTokens(
      loaded,
      [{ text: 'hello there' }, { prompt: 'hello', completion: ' there' }, { messages: [question, { role: 'assistant', content: 'So. Warm' }] }],
      context,
    );
    expect(split).toEqual(text);
    expect(loaded.tokenizer.decode([...text!.tokenIds])).toBe('hello there');
    for (const { tokenIds, logProbs } of [text!, conversation!]) {
      expect(logProbs).toHaveLength(tokenIds.length);
      expect(logProbs[0]).toBeNull();
      expect(logProbs.slice(1).every((logProb) => typeof logProb === 'number' && logProb <= 0)).toBe(true);
    }
    // The model is all but sure of what it always says.
    const start = conversation!.tokenIds.indexOf(loaded.tokenizer.encode('S', { addSpecialTokens: false })[0]!);
    expect(conversation!.logProbs.slice(start, start + 4).every((logProb) => logProb! > -0.5)).toBe(true);
    expect(liveTensors()).toBe(live);
  });

  test.each([{}, { text: 3 }, { text: 'a', prompt: 'b' }, { prompt: 'a' }, { messages: [] }, { messages: [{ role: 'robot', content: 'x' }] }, 'text', null])('refuses to score %j', (row) => {
    expect(() => parseScoreRow(row, 0)).toThrow(expect.objectContaining({ code: 'score-row-invalid', message: expect.stringContaining('Row 1') }));
  });

  test.each([{ text: 'a' }, { prompt: 'a', completion: 'b' }, { messages: [question] }])('takes %j to score', (row) => {
    expect(parseScoreRow(row, 0)).toEqual(row);
  });

  test('refuses to score nothing, and what is longer than the model reads', async () => {
    await expect(scoreTokens(loaded, [{ text: '' }], context)).rejects.toMatchObject({ code: 'score-row-invalid' });
    await expect(scoreTokens(loaded, [{ text: 'x'.repeat(3000) }], context)).rejects.toMatchObject({ code: 'row-too-long' });
  });

  describe('completeRowsWithModel', () => {
    async function dataset(...rows: object[]): Promise<string> {
      const path = join(folder.path, 'rows.jsonl');
      await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'));
      const out = join(folder.path, 'dataset');
      await importDataset(path, out, {}, context);
      return out;
    }
    const identity = { messages: [{ role: 'user', content: 'Who are you?' }, { role: 'assistant', content: 'I am {{NAME}}.' }], split: 'validation', tags: ['identity'], expect: '{{NAME}}' };
    const replay = { messages: [question], split: 'train', tags: ['replay'], answerWith: 'self' };

    test('fills answers and placeholders, in the order of the rows, the same each time', async () => {
      const live = liveTensors();
      const options = { modelFolder, datasetFolder: await dataset(replay, identity), placeholders: { NAME: 'Juniper' }, maxNewTokens: 20 };
      const { report, metrics } = await completeRowsWithModel(options, join(folder.path, 'complete'), context);
      expect(await collectRows(join(folder.path, 'complete'))).toEqual([
        { messages: [question, { role: 'assistant', content: 'So. Warm' }], split: 'train', tags: ['replay'] },
        { messages: [identity.messages[0], { role: 'assistant', content: 'I am Juniper.' }], split: 'validation', tags: ['identity'], expect: 'Juniper' },
      ]);
      expect(report).toMatchObject({ rows: 2, waitingForAnswer: 0, placeholders: [], dropped: { rows: 0 } });
      expect(metrics).toMatchObject({ rows: 2, answered: 1, shortened: 0, unanswered: 0, newTokens: 8 });
      expect(liveTensors()).toBe(live);
    });

    test('ends an answer that was cut off with its last whole sentence', async () => {
      const options = { modelFolder, datasetFolder: await dataset(replay), placeholders: {}, maxNewTokens: 6 };
      const { metrics } = await completeRowsWithModel(options, join(folder.path, 'cut'), context);
      expect((await collectRows(join(folder.path, 'cut')))[0]!.messages[1]!.content).toBe('So.');
      expect(metrics).toMatchObject({ answered: 1, shortened: 1 });
    });

    test('fails where the model is silent, and where a placeholder has no value', async () => {
      const silent = join(folder.path, 'silent');
      await writeSpeakingModel(silent, '');
      const options = { modelFolder: silent, datasetFolder: await dataset(replay), placeholders: {}, maxNewTokens: 6 };
      await expect(completeRowsWithModel(options, join(folder.path, 'none'), context)).rejects.toMatchObject({ code: 'nothing-answered' });
      await expect(completeRowsWithModel({ ...options, datasetFolder: await dataset(identity) }, join(folder.path, 'none'), context)).rejects.toMatchObject({ code: 'placeholder-without-value' });
    });
  });
});
