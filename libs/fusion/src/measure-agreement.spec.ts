import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { StoredDistributions } from '@tunesmith/training';
import { measureAgreement, type AgreementOptions } from './measure-agreement.js';
import { representModel } from './represent-model.js';
import { TaggedLosses } from './tagged-losses.js';
import { writeConversations, writeForeignModel } from './testing/tiny-fusion.js';

const context = { signal: new AbortController().signal, onProgress() {} };

test('counts the places at which the likeliest tokens are the same, of those that carry over', async () => {
  setThreads(1);
  await using root = await temporaryFolder();
  const at = (name: string): string => join(root.path, name);
  await writeTinyModel(at('model'));
  await writeTinyModel(at('other'), { seed: 5 });
  await writeForeignModel(at('foreign'));
  await writeConversations(at('dataset'));
  for (const name of ['model', 'other', 'foreign']) {
    await representModel({ modelFolder: at(name), pivotFolder: at('model'), datasetFolder: at('dataset'), splits: ['validation'], topK: 3, maxLength: 200, longRows: 'drop', dtype: 'float32' }, at(`${name}-said`), context);
  }
  const options: AgreementOptions = { modelFolder: at('model-said'), sourceFolders: ['model', 'other', 'foreign'].map((name) => at(`${name}-said`)), names: ['itself', 'other', 'foreign'], datasetFolder: at('dataset'), split: 'validation', transfer: 'fusechat', vocabulary: { rule: { kind: 'exact' }, unmapped: 'drop' } };
  const agreement = await measureAgreement(options, at('report'), context);
  using own = await StoredDistributions.open(at('model-said'), 'validation');
  using other = await StoredDistributions.open(at('other-said'), 'validation');
  const [first, second] = [own.row(0).indices, other.row(0).indices];
  const places = own.row(0).places.length;
  const same = own.row(0).places.filter((_, number) => first[number * 3] === second[number * 3]).length;
  const loss = own.crossEntropy(0); // of the one row
  expect(agreement).toEqual({ 'agreement.itself': 1, 'agreement.other': same / places, 'agreement.foreign': expect.any(Number), 'held-out.loss': expect.closeTo(loss, 6), 'held-out.loss_by_tag': expect.closeTo(loss, 6), 'small.loss': expect.closeTo(loss, 6) });
  const { datasetFolder: _, ...withoutRows } = options;
  expect(Object.keys(await measureAgreement(withoutRows, at('report'), context))).not.toContain('small.loss');
  const { tasks } = JSON.parse(await readFile(join(at('report'), 'results.json'), 'utf8')) as { tasks: { agreement: { places: Record<string, number>; metrics: object }; 'held-out': { items: number } } };
  expect(tasks).toMatchObject({ agreement: { kind: 'agreement', places: { itself: places, other: places }, metrics: { itself: 1, other: same / places } }, 'held-out': { items: places } });
  expect(tasks.agreement.places['foreign']).toBeGreaterThan(0);
  expect(tasks.agreement.places['foreign']).toBeLessThan(places); // not all carry over

  await writeConversations(at('more'));
  await appendFile(join(at('more'), 'rows.jsonl'), `${JSON.stringify({ messages: [{ role: 'user', content: 'Who?' }, { role: 'assistant', content: 'I.' }], split: 'validation', tags: [] })}\n`);
  await expect(measureAgreement({ ...options, datasetFolder: at('more') }, at('report'), context)).rejects.toMatchObject({ code: 'distributions-of-others' });
});

test('losses are means over tokens, of all rows and of those of each tag', () => {
  const losses = new TaggedLosses('held-out', [['law'], ['code', 'law'], []]);
  const row = (crossEntropy: number, tokens: number) => ({ crossEntropy, places: new Int32Array(tokens) });
  losses.add(0, row(1, 1));
  losses.add(1, row(2, 3));
  losses.add(2, row(4, 4));
  expect(losses.all()).toEqual([{ name: 'held-out', tokens: 8, metrics: { loss: 23 / 8, loss_by_tag: 15 / 8 } }, { name: 'law', tokens: 4, metrics: { loss: 7 / 4 } }, { name: 'code', tokens: 3, metrics: { loss: 2 } }]);
});
